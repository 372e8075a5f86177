package io.millrace.simulation;

import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData.OffsetForLeaderPartition;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData.OffsetForLeaderTopic;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData.OffsetForLeaderTopicCollection;
import org.apache.kafka.common.message.OffsetForLeaderEpochResponseData;
import org.apache.kafka.common.message.OffsetForLeaderEpochResponseData.EpochEndOffset;
import org.apache.kafka.common.protocol.Errors;

/**
 * D4: where a leader epoch ends, asked of a leader and compared with the batches of the whole
 * partition, which nobody has written to since they were read.
 *
 * @param epochs first offset of each epoch
 * @param end of the partition
 */
record EpochCheck(
    String topic, int partition, NavigableMap<Integer, Long> epochs, long end, int epoch) {
  static final int VERSION = 4;

  /** Asks for an epoch that wrote something, or the one after it. */
  static EpochCheck of(
      String topic,
      int partition,
      NavigableMap<Integer, Long> epochs,
      long end,
      SplittableRandom random) {
    List<Integer> known = List.copyOf(epochs.keySet());
    int epoch = known.get(random.nextInt(known.size())) + (random.nextInt(4) == 0 ? 1 : 0);
    return new EpochCheck(topic, partition, epochs, end, Math.min(epoch, epochs.lastKey()));
  }

  OffsetForLeaderEpochRequestData request() {
    return request(topic, partition, epoch);
  }

  static OffsetForLeaderEpochRequestData request(String topic, int partition, int epoch) {
    OffsetForLeaderTopicCollection topics = new OffsetForLeaderTopicCollection();
    topics.add(
        new OffsetForLeaderTopic()
            .setTopic(topic)
            .setPartitions(
                List.of(
                    new OffsetForLeaderPartition()
                        .setPartition(partition)
                        .setCurrentLeaderEpoch(-1)
                        .setLeaderEpoch(epoch))));
    return new OffsetForLeaderEpochRequestData().setReplicaId(-1).setTopics(topics);
  }

  /** True if the broker knew; false if it asks to try elsewhere. */
  boolean answered(OffsetForLeaderEpochResponseData response) {
    EpochEndOffset answer = response.topics().find(topic).partitions().getFirst();
    if (answer.errorCode() != Errors.NONE.code()) {
      return false;
    }
    int wrote = epochs.floorKey(epoch);
    Map.Entry<Integer, Long> next = epochs.higherEntry(epoch);
    long endOffset = next == null ? end : next.getValue();
    // an epoch in which nothing was written may be known to a leader all the same
    boolean right =
        answer.endOffset() == endOffset
            && answer.leaderEpoch() >= wrote
            && answer.leaderEpoch() <= epoch;
    if (!right) {
      throw new Violation(
          "D4: epoch %d of %s-%d is said to end at %d (epoch %d), it ends at %d (epoch %d)"
              .formatted(
                  epoch,
                  topic,
                  partition,
                  answer.endOffset(),
                  answer.leaderEpoch(),
                  endOffset,
                  wrote));
    }
    return true;
  }
}
