package io.millrace.coordinator.group.consumer;

import io.millrace.coordinator.Outbox;
import java.util.Set;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes members out of consumer groups. Runs on the shard's loop. */
final class ConsumerDeparture {
  private static final Logger LOG = LoggerFactory.getLogger(ConsumerDeparture.class);

  private final ConsumerGroupTable groups;
  private final ConsumerRebalance rebalance;
  private final ConsumerTimers timers;
  private final Downgrade downgrade;

  ConsumerDeparture(
      ConsumerGroupTable groups,
      ConsumerRebalance rebalance,
      ConsumerTimers timers,
      Downgrade downgrade) {
    this.groups = groups;
    this.rebalance = rebalance;
    this.timers = timers;
    this.downgrade = downgrade;
  }

  /** One that missed a deadline, if it still is in. */
  void fence(String groupId, String memberId, String reason, Outbox out) {
    ConsumerGroup group = groups.get(groupId);
    if (group != null && group.member(memberId) != null) {
      LOG.info("Group {} removes member {}: {}", groupId, memberId, reason);
      remove(group, Set.of(memberId), out);
    }
  }

  /** Takes members out; who stays is assigned what they had. */
  void remove(ConsumerGroup group, Set<String> memberIds, Outbox out) {
    if (memberIds.isEmpty()) {
      return;
    }
    for (String memberId : memberIds) {
      timers.cancel(group.groupId(), memberId, out);
      groups.write(ConsumerRecords.withoutMember(group.groupId(), memberId), out);
    }
    if (!downgrade.tryDowngrade(group, true, out)) {
      rebalance.bumpWithoutMembers(group, out);
    }
  }

  /** By the member's own heartbeat; null if it is done. */
  @Nullable Refusal leave(
      ConsumerGroup group, String memberId, @Nullable String instanceId, int epoch, Outbox out) {
    if (instanceId == null) {
      if (group.member(memberId) == null) {
        return new Refusal(
            Errors.UNKNOWN_MEMBER_ID,
            "Member %s is not a member of group %s.".formatted(memberId, group.groupId()));
      }
      remove(group, Set.of(memberId), out);
      return null;
    }
    ConsumerMember member = group.staticMember(instanceId);
    Refusal refusal = StaticMembers.check(member, memberId, instanceId);
    if (refusal != null || member == null) {
      return refusal;
    }
    if (epoch == CurrentAssignment.LEFT_FOR_NOW) {
      // keeps its partitions until it is back or its session is over
      groups.write(
          ConsumerRecords.current(group.groupId(), memberId, member.current().leftForNow()), out);
      timers.revoked(group.groupId(), memberId, out);
    } else {
      remove(group, Set.of(memberId), out);
    }
    return null;
  }
}
