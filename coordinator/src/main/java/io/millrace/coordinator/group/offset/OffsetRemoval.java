package io.millrace.coordinator.group.offset;

import io.millrace.coordinator.CoordinatorRecord;
import io.millrace.coordinator.Outbox;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.coordinator.group.generated.OffsetCommitKey;

/** Takes offsets away: on order, with their group or topic, or because they are old. */
public final class OffsetRemoval {
  private final OffsetStore store;
  private final long retentionMs;

  /**
   * @param retentionMs how long offsets are kept that nobody uses
   */
  public OffsetRemoval(Offsets offsets, long retentionMs) {
    this.store = offsets.store();
    this.retentionMs = retentionMs;
  }

  /** One partition's, if there is one. */
  public void remove(String groupId, String topic, int partition, Outbox out) {
    Slot slot = new Slot(topic, partition);
    if (store.get(groupId, slot) != null || store.isPending(groupId, slot)) {
      write(groupId, slot, out);
    }
  }

  /** All of a group's. */
  public void removeAll(String groupId, Outbox out) {
    List.copyOf(store.of(groupId).keySet()).forEach(slot -> write(groupId, slot, out));
    List.copyOf(store.pendingOf(groupId)).forEach(slot -> write(groupId, slot, out));
  }

  /** A group's of topics that are gone. Where a transaction is open the slot may be of another. */
  public void removeOfAbsentTopics(String groupId, Set<Uuid> present, Outbox out) {
    removeIf(
        groupId,
        (slot, committed) ->
            !committed.topicId().equals(Uuid.ZERO_UUID)
                && !present.contains(committed.topicId())
                && !store.isPending(groupId, slot),
        out);
  }

  /**
   * Those that nobody has used for the retention time.
   *
   * @param unusedSinceMs since when the group has been without members; -1 if what counts is when
   *     each offset was committed
   * @param inUse topics that are kept because members are subscribed to them
   */
  public void expire(
      String groupId, long unusedSinceMs, Predicate<String> inUse, long nowMs, Outbox out) {
    removeIf(
        groupId,
        (slot, committed) ->
            !inUse.test(slot.topic())
                && !store.isPending(groupId, slot)
                && nowMs >= expiryMs(committed, unusedSinceMs),
        out);
  }

  private long expiryMs(Committed committed, long unusedSinceMs) {
    if (committed.expireTimestampMs() >= 0) {
      return committed.expireTimestampMs();
    }
    long sinceMs = Math.max(unusedSinceMs, committed.commitTimestampMs());
    return sinceMs + retentionMs;
  }

  private interface Condition {
    boolean test(Slot slot, Committed committed);
  }

  private void removeIf(String groupId, Condition condition, Outbox out) {
    Collection<Slot> gone =
        store.of(groupId).entrySet().stream()
            .filter(each -> condition.test(each.getKey(), each.getValue()))
            .map(Map.Entry::getKey)
            .toList();
    gone.forEach(slot -> write(groupId, slot, out));
  }

  private void write(String groupId, Slot slot, Outbox out) {
    CoordinatorRecord record = OffsetRecords.tombstone(groupId, slot);
    out.write(record);
    store.replay((OffsetCommitKey) record.key(), null);
  }
}
