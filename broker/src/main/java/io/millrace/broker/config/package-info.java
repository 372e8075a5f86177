/** Configuration, declared once: broker keys, topic keys, what has no meaning here and why. */
@NullMarked
package io.millrace.broker.config;

import org.jspecify.annotations.NullMarked;
