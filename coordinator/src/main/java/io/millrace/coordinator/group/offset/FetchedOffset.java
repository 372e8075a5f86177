package io.millrace.coordinator.group.offset;

import org.apache.kafka.common.Uuid;

/** What is known of a partition's offset. */
public sealed interface FetchedOffset {
  String topic();

  int partition();

  /** Committed. */
  record Found(
      String topic, Uuid topicId, int partition, long offset, int leaderEpoch, String metadata)
      implements FetchedOffset {}

  /** Nothing is committed. */
  record Absent(String topic, int partition) implements FetchedOffset {}

  /** A transaction that is open has an offset for it, and the reader wants to know how it ends. */
  record Unstable(String topic, Uuid topicId, int partition) implements FetchedOffset {}
}
