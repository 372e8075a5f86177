package io.millrace.coordinator.group.consumer;

import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;

/**
 * Which member may be using a partition of a group: the inverse of its members' assignments. While
 * a compacted log is replayed a former owner's later record may be yet to come; the newer record
 * counts.
 */
final class PartitionOwners {
  private final Map<Uuid, Map<Integer, String>> owners = new HashMap<>();

  @Nullable String of(Uuid topic, int partition) {
    return owners.getOrDefault(topic, Map.of()).get(partition);
  }

  void add(String memberId, CurrentAssignment assignment) {
    add(memberId, assignment.assigned());
    add(memberId, assignment.pendingRevocation());
  }

  private void add(String memberId, Map<Uuid, Map<Integer, Integer>> partitions) {
    partitions.forEach((topic, numbers) -> {
      Map<Integer, String> byNumber = owners.computeIfAbsent(topic, t -> new HashMap<>());
      numbers.keySet().forEach(p -> byNumber.put(p, memberId));
    });
  }

  void remove(String memberId, CurrentAssignment assignment) {
    remove(memberId, assignment.assigned());
    remove(memberId, assignment.pendingRevocation());
  }

  private void remove(String memberId, Map<Uuid, Map<Integer, Integer>> partitions) {
    partitions.forEach((topic, numbers) ->
        owners.computeIfPresent(
            topic,
            (t, byNumber) -> {
              numbers.keySet().forEach(p -> byNumber.remove(p, memberId));
              return byNumber.isEmpty() ? null : byNumber;
            }));
  }
}
