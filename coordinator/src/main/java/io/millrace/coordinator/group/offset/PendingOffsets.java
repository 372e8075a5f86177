package io.millrace.coordinator.group.offset;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Offsets of transactions, each under the number of its producer or of its hand-over, and how many
 * transactions hold each slot.
 */
final class PendingOffsets {
  private final Map<Long, Map<String, Map<Slot, Committed>>> numbered = new LinkedHashMap<>();
  private final Map<String, Map<Slot, Integer>> holders = new HashMap<>();

  void put(long number, String groupId, Slot slot, Committed offset) {
    Committed former =
        numbered
            .computeIfAbsent(number, id -> new LinkedHashMap<>())
            .computeIfAbsent(groupId, id -> new LinkedHashMap<>())
            .put(slot, offset);
    if (former == null) {
      holders.computeIfAbsent(groupId, id -> new HashMap<>()).merge(slot, 1, Integer::sum);
    }
  }

  /** Takes out what a transaction has, by group. */
  Map<String, Map<Slot, Committed>> take(long number) {
    Map<String, Map<Slot, Committed>> taken = numbered.remove(number);
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

  /** Takes one slot out of every transaction that has it. */
  void drop(String groupId, Slot slot) {
    if (!has(groupId, slot)) {
      return;
    }
    numbered
        .values()
        .removeIf(groups -> {
          groups.computeIfPresent(groupId, (_, slots) -> without(slots, slot));
          return groups.isEmpty();
        });
    holders.computeIfPresent(groupId, (_, held) -> without(held, slot));
  }

  private static <V> @Nullable Map<Slot, V> without(Map<Slot, V> slots, Slot slot) {
    slots.remove(slot);
    return slots.isEmpty() ? null : slots;
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
