/** The broker: composition root and lifecycle. */
@NullMarked
package io.millrace.broker;

import org.jspecify.annotations.NullMarked;
