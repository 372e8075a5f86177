package io.millrace.coordinator.group.offset;

import io.millrace.coordinator.CoordinatorRecord;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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

  /** By producer id. */
  private final PendingOffsets pending = new PendingOffsets();

  /** Handed to the log, which may still refuse the producer; by sequence. */
  private final PendingOffsets onTheirWay = new PendingOffsets();

  private final Interned<Slot> knownSlots = new Interned<>();
  private final Interned<Uuid> knownTopicIds = new Interned<>();

  private long lastSequence;

  /** The next place in the order of the log. */
  long nextSequence() {
    return ++lastSequence;
  }

  /**
   * Records of a transaction are handed to the log: their place among others is that of the
   * hand-over, not of its answer.
   *
   * @return to say later whether they were {@link #onTaken taken} or {@link #onRefused refused}
   */
  long onHandOver(List<CoordinatorRecord> records) {
    long sequence = nextSequence();
    for (CoordinatorRecord record : records) {
      OffsetCommitKey key = (OffsetCommitKey) record.key();
      OffsetCommitValue value = (OffsetCommitValue) Objects.requireNonNull(record.value());
      onTheirWay.put(sequence, key.group(), slot(key), committed(value, sequence));
    }
    return sequence;
  }

  void onTaken(long sequence, long producerId) {
    onTheirWay
        .take(sequence)
        .forEach((groupId, slots) ->
            slots.forEach((slot, offset) -> pending.put(producerId, groupId, slot, offset)));
  }

  void onRefused(long sequence) {
    onTheirWay.take(sequence);
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
  void replayPending(long producerId, OffsetCommitKey key, OffsetCommitValue value) {
    putPending(producerId, key.group(), slot(key), committed(value, nextSequence()));
  }

  void put(String groupId, Slot slot, Committed committed) {
    groups.computeIfAbsent(groupId, g -> new LinkedHashMap<>()).put(slot, committed);
  }

  void putPending(long producerId, String groupId, Slot slot, Committed committed) {
    pending.put(producerId, groupId, slot, committed);
  }

  /** What open transactions have for the slot goes too: their end does not bring it back. */
  void remove(String groupId, Slot slot) {
    pending.drop(groupId, slot);
    onTheirWay.drop(groupId, slot);
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
    return pending.has(groupId, slot) || onTheirWay.has(groupId, slot);
  }

  boolean isPending(String groupId) {
    return pending.has(groupId) || onTheirWay.has(groupId);
  }

  /** Slots that open transactions may change. */
  Set<Slot> pendingOf(String groupId) {
    Set<Slot> slots = new LinkedHashSet<>(pending.of(groupId));
    slots.addAll(onTheirWay.of(groupId));
    return slots;
  }

  Collection<String> groupIds() {
    return List.copyOf(groups.keySet());
  }
}
