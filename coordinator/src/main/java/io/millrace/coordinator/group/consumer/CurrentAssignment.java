package io.millrace.coordinator.group.consumer;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.common.Uuid;

/**
 * What a member has, and its epoch. Partitions carry the epoch they were assigned at.
 *
 * @param epoch 0 for one that joins, {@link #LEFT_FOR_NOW} for a static member that will be back
 * @param previousEpoch the one before; an answer that got lost leaves the member there
 * @param pendingRevocation what it must give up and may still be using
 */
public record CurrentAssignment(
    int epoch,
    int previousEpoch,
    MemberState state,
    Map<Uuid, Map<Integer, Integer>> assigned,
    Map<Uuid, Map<Integer, Integer>> pendingRevocation) {

  static final int LEFT_FOR_NOW = -2;

  static final CurrentAssignment NOTHING =
      new CurrentAssignment(0, 0, MemberState.STABLE, Map.of(), Map.of());

  /** Of a member that has what it should have. */
  static CurrentAssignment of(int epoch, Map<Uuid, Set<Integer>> partitions) {
    Map<Uuid, Map<Integer, Integer>> assigned = new TreeMap<>();
    partitions.forEach((topic, numbers) -> {
      Map<Integer, Integer> epochs = new TreeMap<>();
      numbers.forEach(p -> epochs.put(p, epoch));
      assigned.put(topic, epochs);
    });
    return new CurrentAssignment(epoch, epoch, MemberState.STABLE, assigned, Map.of());
  }

  boolean isReconciledTo(int targetEpoch) {
    return state == MemberState.STABLE && epoch == targetEpoch;
  }

  /** Same with an epoch; the former becomes the previous one if it differs. */
  CurrentAssignment with(
      int newEpoch,
      MemberState newState,
      Map<Uuid, Map<Integer, Integer>> newAssigned,
      Map<Uuid, Map<Integer, Integer>> newPending) {
    return new CurrentAssignment(
        newEpoch, newEpoch == epoch ? previousEpoch : epoch, newState, newAssigned, newPending);
  }

  /** The place of a static member whose next life begins. */
  CurrentAssignment rejoining() {
    return new CurrentAssignment(0, 0, state, assigned, pendingRevocation);
  }

  CurrentAssignment leftForNow() {
    return with(LEFT_FOR_NOW, state, assigned, Map.of());
  }

  Map<Uuid, Set<Integer>> partitions() {
    Map<Uuid, Set<Integer>> partitions = new TreeMap<>();
    assigned.forEach((topic, numbers) -> partitions.put(topic, numbers.keySet()));
    return partitions;
  }

  /** Whether all of these are assigned. */
  boolean includes(Map<Uuid, Set<Integer>> owned) {
    return owned.entrySet().stream()
        .allMatch(each ->
            assigned.getOrDefault(each.getKey(), Map.of()).keySet().containsAll(each.getValue()));
  }

  /** The epoch a partition was assigned at; -1 if the member has no claim to it. */
  int epochOf(Uuid topic, int partition) {
    Integer found = assigned.getOrDefault(topic, Map.of()).get(partition);
    if (found == null) {
      found = pendingRevocation.getOrDefault(topic, Map.of()).get(partition);
    }
    return found == null ? -1 : found;
  }
}
