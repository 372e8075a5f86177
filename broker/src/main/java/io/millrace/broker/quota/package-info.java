/** How much clients may do in which time, and how long those wait that did more. */
@NullMarked
package io.millrace.broker.quota;

import org.jspecify.annotations.NullMarked;
