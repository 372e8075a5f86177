/** Groups of both protocols and committed offsets: the state machine behind __consumer_offsets. */
@NullMarked
package io.millrace.coordinator.group;

import org.jspecify.annotations.NullMarked;
