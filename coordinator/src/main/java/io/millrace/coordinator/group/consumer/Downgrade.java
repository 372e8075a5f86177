package io.millrace.coordinator.group.consumer;

import io.millrace.coordinator.Outbox;

/** Turns a group of which only members of the classic protocol are left into a classic group. */
public interface Downgrade {
  /**
   * Does so if that is the case, and allowed; then the group is gone from here.
   *
   * @param rebalance whether its members have to share anew
   */
  boolean tryDowngrade(ConsumerGroup group, boolean rebalance, Outbox out);
}
