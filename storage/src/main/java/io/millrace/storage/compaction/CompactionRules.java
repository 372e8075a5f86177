package io.millrace.storage.compaction;

import io.millrace.storage.metadata.MetadataImage;
import java.util.Optional;
import org.apache.kafka.common.Uuid;

/** Which topics are compacted by key, and when, as configured now. Any thread may call. */
public interface CompactionRules {
  /** Empty if the topic is not compacted. */
  Optional<Rule> rule(MetadataImage image, Uuid topicId);

  /** Time between two looks for what is to be compacted. */
  long intervalMs();

  /** Memory for the keys of one partition; with more keys it takes several rounds. */
  long keyBytesMax();

  /**
   * How a topic's partitions are compacted. Ages are by the time that records carry.
   *
   * @param dirtyRatioMin share of a partition's bytes that were never compacted, above which it is
   * @param lagMsMin records younger than this are left alone
   * @param lagMsMax with a record that waits for longer the ratio is no matter
   * @param deleteRetentionMs how long a tombstone stays once compaction has seen it
   * @param restMs how long records may rest in the log before they are merged to be compacted
   * @param restBytes how many bytes of one partition may
   */
  record Rule(
      double dirtyRatioMin,
      long lagMsMin,
      long lagMsMax,
      long deleteRetentionMs,
      long restMs,
      long restBytes) {}
}
