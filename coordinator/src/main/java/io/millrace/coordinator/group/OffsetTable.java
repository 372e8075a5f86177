package io.millrace.coordinator.group;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;

/**
 * Committed offsets by group. A slot carries the topic's id, so an offset of a deleted topic never
 * answers for its successor.
 */
final class OffsetTable {
  private final Map<String, TreeMap<Slot, Committed>> groups = new LinkedHashMap<>();

  /** Topic name and partition, as the record key has them. */
  record Slot(String topic, int partition) implements Comparable<Slot> {
    @Override
    public int compareTo(Slot other) {
      int c = topic.compareTo(other.topic);
      return c != 0 ? c : Integer.compare(partition, other.partition);
    }
  }

  /**
   * What was committed. {@code topicId} is ZERO_UUID if the record is older than topic ids in it.
   */
  record Committed(
      Uuid topicId, long offset, int leaderEpoch, String metadata, long commitTimestampMs) {}

  void put(String groupId, Slot slot, Committed committed) {
    groups.computeIfAbsent(groupId, g -> new TreeMap<>()).put(slot, committed);
  }

  void remove(String groupId, Slot slot) {
    TreeMap<Slot, Committed> slots = groups.get(groupId);
    if (slots != null) {
      slots.remove(slot);
      if (slots.isEmpty()) {
        groups.remove(groupId);
      }
    }
  }

  @Nullable Committed get(String groupId, Slot slot) {
    TreeMap<Slot, Committed> slots = groups.get(groupId);
    return slots == null ? null : slots.get(slot);
  }

  Map<Slot, Committed> of(String groupId) {
    TreeMap<Slot, Committed> slots = groups.get(groupId);
    return slots == null ? Map.of() : slots;
  }

  boolean has(String groupId) {
    return groups.containsKey(groupId);
  }

  Collection<String> groupIds() {
    return List.copyOf(groups.keySet());
  }
}
