package io.millrace.coordinator.group.consumer;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;

/**
 * The next step of one member towards its target: it keeps what is in both, gives up what is in its
 * assignment only, and is given what is in the target only as soon as nobody else has it. A
 * partition is never with two members, since it is not given before its owner has said that it let
 * go (by no longer listing it) or was removed. Pure.
 *
 * @param targetEpoch epoch of the target
 * @param target what the member should have
 * @param subscribed topics it may have at all
 * @param owned what it says it uses; null if it does not say
 * @param owners who has what
 */
record Reconciliation(
    ConsumerMember member,
    int targetEpoch,
    Map<Uuid, Set<Integer>> target,
    Set<Uuid> subscribed,
    @Nullable Map<Uuid, Set<Integer>> owned,
    PartitionOwner owners) {

  /** Who has a partition, null for nobody. */
  interface PartitionOwner {
    @Nullable String of(Uuid topic, int partition);
  }

  /**
   * @param subscriptionChanged whether topics may have to go without a new target
   */
  CurrentAssignment next(boolean subscriptionChanged) {
    CurrentAssignment now = member.current();
    return switch (now.state()) {
      case STABLE ->
          now.epoch() != targetEpoch ? towardsTarget() : withinSubscription(subscriptionChanged);
      case UNREVOKED_PARTITIONS ->
          uses(now.pendingRevocation()) ? withinSubscription(subscriptionChanged) : towardsTarget();
      case UNRELEASED_PARTITIONS, UNKNOWN -> towardsTarget();
    };
  }

  private CurrentAssignment towardsTarget() {
    CurrentAssignment now = member.current();
    Map<Uuid, Map<Integer, Integer>> kept = new TreeMap<>();
    Map<Uuid, Map<Integer, Integer>> revoked = new TreeMap<>();
    Map<Uuid, Map<Integer, Integer>> given = new TreeMap<>();
    boolean unreleased = false;
    Set<Uuid> topics = new TreeSet<>(target.keySet());
    topics.addAll(now.assigned().keySet());
    for (Uuid topic : topics) {
      Set<Integer> wanted =
          subscribed.contains(topic) ? target.getOrDefault(topic, Set.of()) : Set.of();
      Map<Integer, Integer> assigned = now.assigned().getOrDefault(topic, Map.of());
      assigned.forEach((p, epoch) ->
          (wanted.contains(p) ? kept : revoked)
              .computeIfAbsent(topic, t -> new TreeMap<>())
              .put(p, epoch));
      for (int p : wanted) {
        if (assigned.containsKey(p)) {
          continue;
        }
        if (isFree(topic, p)) {
          given.computeIfAbsent(topic, t -> new TreeMap<>()).put(p, targetEpoch);
        } else {
          unreleased = true;
        }
      }
    }
    if (uses(revoked)) {
      return now.with(now.epoch(), MemberState.UNREVOKED_PARTITIONS, kept, revoked);
    }
    given.forEach(
        (topic, numbers) -> kept.computeIfAbsent(topic, t -> new TreeMap<>()).putAll(numbers));
    return now.with(
        targetEpoch,
        unreleased ? MemberState.UNRELEASED_PARTITIONS : MemberState.STABLE,
        kept,
        Map.of());
  }

  /** Its own, which it has just let go, is free too. */
  private boolean isFree(Uuid topic, int partition) {
    String owner = owners.of(topic, partition);
    return owner == null
        || (owner.equals(member.id())
            && member
                .current()
                .pendingRevocation()
                .getOrDefault(topic, Map.of())
                .containsKey(partition));
  }

  /** Takes away what the member is no longer subscribed to, and nothing else. */
  private CurrentAssignment withinSubscription(boolean subscriptionChanged) {
    CurrentAssignment now = member.current();
    if (!subscriptionChanged || subscribed.containsAll(now.assigned().keySet())) {
      return now;
    }
    Map<Uuid, Map<Integer, Integer>> kept = new TreeMap<>();
    Map<Uuid, Map<Integer, Integer>> revoked = new TreeMap<>();
    now.pendingRevocation().forEach((topic, numbers) -> revoked.put(topic, new TreeMap<>(numbers)));
    now.assigned()
        .forEach((topic, numbers) -> {
          if (subscribed.contains(topic)) {
            kept.put(topic, numbers);
          } else {
            revoked.computeIfAbsent(topic, t -> new TreeMap<>()).putAll(numbers);
          }
        });
    return uses(revoked)
        ? now.with(now.epoch(), MemberState.UNREVOKED_PARTITIONS, kept, revoked)
        : now.with(now.epoch(), now.state(), kept, now.pendingRevocation());
  }

  /** Whether the member may be using any of these; one that does not say may. */
  private boolean uses(Map<Uuid, Map<Integer, Integer>> partitions) {
    if (partitions.isEmpty()) {
      return false;
    }
    if (owned == null) {
      return true;
    }
    return partitions.entrySet().stream()
        .anyMatch(each ->
            owned.getOrDefault(each.getKey(), Set.of()).stream()
                .anyMatch(each.getValue()::containsKey));
  }
}
