/** The {@code millrace} command: what a process needs around a broker. */
@NullMarked
package io.millrace.cli;

import org.jspecify.annotations.NullMarked;
