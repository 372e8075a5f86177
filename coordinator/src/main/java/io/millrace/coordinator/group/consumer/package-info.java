/** Groups of the consumer protocol (KIP-848): the broker assigns, members reconcile one by one. */
@NullMarked
package io.millrace.coordinator.group.consumer;

import org.jspecify.annotations.NullMarked;
