package io.millrace.coordinator.group.offset;

import org.apache.kafka.common.Uuid;

/**
 * What was committed for a partition.
 *
 * @param topicId ZERO_UUID if the record is older than topic ids in it
 * @param leaderEpoch -1 if none was given
 * @param expireTimestampMs -1 unless an old client chose its own time to keep it
 * @param sequence greater means later in the log
 */
record Committed(
    Uuid topicId,
    long offset,
    int leaderEpoch,
    String metadata,
    long commitTimestampMs,
    long expireTimestampMs,
    long sequence) {

  /** Whether it was committed for this topic, and not for one of the same name before it. */
  boolean isOf(Uuid present) {
    return topicId.equals(Uuid.ZERO_UUID)
        || present.equals(Uuid.ZERO_UUID)
        || topicId.equals(present);
  }
}
