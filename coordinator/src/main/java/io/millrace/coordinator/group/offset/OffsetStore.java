package io.millrace.coordinator.group.offset;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.coordinator.group.generated.OffsetCommitKey;
import org.apache.kafka.coordinator.group.generated.OffsetCommitValue;
import org.jspecify.annotations.Nullable;

/**
 * Offsets by group, and those of open transactions, which a marker turns into committed ones or
 * drops. Only replayed records and markers change it. A slot carries the topic's id, so an offset
 * of a deleted topic never answers for its successor.
 */
final class OffsetStore {
  private final Map<String, Map<Slot, Committed>> groups = new LinkedHashMap<>();
  private final PendingOffsets pending = new PendingOffsets();

  private final Interned<Slot> knownSlots = new Interned<>();
  private final Interned<Uuid> knownTopicIds = new Interned<>();

  private long lastSequence;

  /** A place in the order of the log for a record that is on its way there. */
  long nextSequence() {
    return ++lastSequence;
  }

  void replay(OffsetCommitKey key, @Nullable OffsetCommitValue value) {
    Slot slot = slot(key);
    if (value == null) {
      remove(key.group(), slot);
    } else {
      put(key.group(), slot, committed(value, nextSequence()));
    }
  }

  /** A record of a transaction that is open at that place of the log. */
  void replayPending(long producerId, OffsetCommitKey key, OffsetCommitValue value, long sequence) {
    putPending(producerId, key.group(), slot(key), committed(value, sequence));
  }

  void put(String groupId, Slot slot, Committed committed) {
    groups.computeIfAbsent(groupId, g -> new LinkedHashMap<>()).put(slot, committed);
  }

  void putPending(long producerId, String groupId, Slot slot, Committed committed) {
    pending.put(producerId, groupId, slot, committed);
  }

  void remove(String groupId, Slot slot) {
    Map<Slot, Committed> slots = groups.get(groupId);
    if (slots != null) {
      slots.remove(slot);
      if (slots.isEmpty()) {
        groups.remove(groupId);
      }
    }
  }

  private Slot slot(OffsetCommitKey key) {
    return knownSlots.of(new Slot(key.topic(), key.partition()));
  }

  private Committed committed(OffsetCommitValue value, long sequence) {
    return OffsetRecords.committed(value, knownTopicIds.of(value.topicId()), sequence);
  }

  /** The end of a producer's transaction. */
  void replayMarker(long producerId, boolean commit) {
    pending
        .take(producerId)
        .forEach((groupId, offsets) -> {
          if (commit) {
            Map<Slot, Committed> slots =
                groups.computeIfAbsent(groupId, g -> new LinkedHashMap<>());
            offsets.forEach((slot, offset) -> slots.merge(slot, offset, OffsetStore::later));
          }
        });
  }

  private static Committed later(Committed one, Committed other) {
    return one.sequence() > other.sequence() ? one : other;
  }

  @Nullable Committed get(String groupId, Slot slot) {
    return of(groupId).get(slot);
  }

  /** What a group has committed. */
  Map<Slot, Committed> of(String groupId) {
    Map<Slot, Committed> slots = groups.get(groupId);
    return slots == null ? Map.of() : slots;
  }

  boolean has(String groupId) {
    return groups.containsKey(groupId);
  }

  /** Whether a transaction that is open may change what is committed. */
  boolean isPending(String groupId, Slot slot) {
    return pending.has(groupId, slot);
  }

  boolean isPending(String groupId) {
    return pending.has(groupId);
  }

  /** Slots that only open transactions have offsets for, among others. */
  Set<Slot> pendingOf(String groupId) {
    return pending.of(groupId);
  }

  Collection<String> groupIds() {
    return List.copyOf(groups.keySet());
  }
}
