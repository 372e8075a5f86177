package io.millrace.coordinator.group.offset;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** Offsets of open transactions, by producer id, and how many transactions hold each slot. */
final class PendingOffsets {
  private final Map<Long, Map<String, Map<Slot, Committed>>> producers = new LinkedHashMap<>();
  private final Map<String, Map<Slot, Integer>> holders = new HashMap<>();

  void put(long producerId, String groupId, Slot slot, Committed offset) {
    Committed former =
        producers
            .computeIfAbsent(producerId, id -> new LinkedHashMap<>())
            .computeIfAbsent(groupId, id -> new LinkedHashMap<>())
            .put(slot, offset);
    if (former == null) {
      holders.computeIfAbsent(groupId, id -> new HashMap<>()).merge(slot, 1, Integer::sum);
    }
  }

  /** Takes out what a transaction has, by group. */
  Map<String, Map<Slot, Committed>> take(long producerId) {
    Map<String, Map<Slot, Committed>> taken = producers.remove(producerId);
    if (taken == null) {
      return Map.of();
    }
    taken.forEach((groupId, slots) ->
        holders.computeIfPresent(
            groupId,
            (id, held) -> {
              slots
                  .keySet()
                  .forEach(slot -> held.computeIfPresent(slot, (s, n) -> n == 1 ? null : n - 1));
              return held.isEmpty() ? null : held;
            }));
    return taken;
  }

  boolean has(String groupId, Slot slot) {
    return of(groupId).contains(slot);
  }

  boolean has(String groupId) {
    return holders.containsKey(groupId);
  }

  Set<Slot> of(String groupId) {
    Map<Slot, Integer> held = holders.get(groupId);
    return held == null ? Set.of() : held.keySet();
  }
}
