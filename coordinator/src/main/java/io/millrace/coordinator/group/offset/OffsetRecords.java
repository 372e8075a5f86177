package io.millrace.coordinator.group.offset;

import io.millrace.coordinator.CoordinatorRecord;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.coordinator.group.generated.OffsetCommitKey;
import org.apache.kafka.coordinator.group.generated.OffsetCommitValue;

/** Records of committed offsets, to and from the state they describe. */
final class OffsetRecords {
  /** The newest version: the first that holds the topic's id. */
  static final int VERSION = 4;

  private OffsetRecords() {}

  static CoordinatorRecord committed(String groupId, Slot slot, Committed committed) {
    return CoordinatorRecord.of(
        key(groupId, slot),
        VERSION,
        new OffsetCommitValue()
            .setOffset(committed.offset())
            .setLeaderEpoch(committed.leaderEpoch())
            .setMetadata(committed.metadata())
            .setCommitTimestamp(committed.commitTimestampMs())
            .setTopicId(committed.topicId()));
  }

  static CoordinatorRecord tombstone(String groupId, Slot slot) {
    return CoordinatorRecord.tombstone(key(groupId, slot));
  }

  static Committed committed(OffsetCommitValue value, Uuid topicId, long sequence) {
    return new Committed(
        topicId,
        value.offset(),
        value.leaderEpoch(),
        value.metadata().isEmpty() ? "" : value.metadata(),
        value.commitTimestamp(),
        value.expireTimestamp(),
        sequence);
  }

  private static OffsetCommitKey key(String groupId, Slot slot) {
    return new OffsetCommitKey()
        .setGroup(groupId)
        .setTopic(slot.topic())
        .setPartition(slot.partition());
  }
}
