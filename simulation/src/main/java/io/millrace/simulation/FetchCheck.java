package io.millrace.simulation;

import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchRequestData.FetchPartition;
import org.apache.kafka.common.message.FetchRequestData.FetchTopic;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.FetchResponseData.FetchableTopicResponse;
import org.apache.kafka.common.message.FetchResponseData.PartitionData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;

/**
 * One partition's part of a fetch and what its answer may say.
 *
 * @param leaderEpoch sent along, -1 for none
 * @param toldAtRequest highest high watermark the broker asked had told by then
 * @param goneAtRequest whether nobody may find the partition any more
 * @param committed whether only what is decided is asked for
 */
record FetchCheck(
    PartitionLedger partition,
    long offset,
    int leaderEpoch,
    long endAtRequest,
    long toldAtRequest,
    boolean goneAtRequest,
    boolean committed,
    BrokerProcess asked) {
  static final int VERSION = 17;

  static FetchCheck at(
      PartitionLedger partition, long offset, int leaderEpoch, BrokerProcess asked) {
    return of(partition, offset, leaderEpoch, false, asked);
  }

  /** With isolation level read_committed. */
  static FetchCheck committedAt(PartitionLedger partition, long offset, BrokerProcess asked) {
    return of(partition, offset, -1, true, asked);
  }

  private static FetchCheck of(
      PartitionLedger partition,
      long offset,
      int leaderEpoch,
      boolean committed,
      BrokerProcess asked) {
    return new FetchCheck(
        partition,
        offset,
        leaderEpoch,
        partition.end(),
        partition.toldBy(asked),
        partition.isGoneAt(asked),
        committed,
        asked);
  }

  static FetchRequestData request(List<FetchCheck> checks, int maxWaitMs, int bytesMax) {
    FetchRequestData request =
        new FetchRequestData()
            .setMaxWaitMs(maxWaitMs)
            .setMinBytes(1)
            .setMaxBytes(bytesMax)
            .setIsolationLevel((byte) (checks.getFirst().committed ? 1 : 0))
            .setSessionId(0)
            .setSessionEpoch(-1);
    Map<Uuid, FetchTopic> topics = new LinkedHashMap<>();
    for (FetchCheck check : checks) {
      topics
          .computeIfAbsent(check.partition.id().topicId(), id -> new FetchTopic().setTopicId(id))
          .partitions()
          .add(
              new FetchPartition()
                  .setPartition(check.partition.id().partition())
                  .setFetchOffset(check.offset)
                  .setCurrentLeaderEpoch(check.leaderEpoch)
                  .setPartitionMaxBytes(bytesMax));
    }
    request.topics().addAll(topics.values());
    return request;
  }

  /**
   * Checks the answer; the batches, or empty if the broker asks to try again or the topic is gone.
   */
  Optional<Fetched> answered(FetchResponseData response, boolean alone) {
    if (response.errorCode() != Errors.NONE.code()) {
      throw new Violation("a fetch failed as a whole: " + Errors.forCode(response.errorCode()));
    }
    PartitionData data = find(response);
    Errors error = Errors.forCode(data.errorCode());
    return switch (error) {
      case NONE -> Optional.of(check(data, alone));
      case OFFSET_OUT_OF_RANGE -> {
        if (offset >= partition.logStartMax()
            && offset <= endAtRequest
            && !partition.isDeleting()) {
          throw new Violation(
              "A1/I12: %s says %d is out of range; its end was %d"
                  .formatted(partition.id(), offset, endAtRequest));
        }
        yield Optional.empty();
      }
      case UNKNOWN_TOPIC_ID, UNKNOWN_TOPIC_OR_PARTITION -> {
        if (partition.oneBroker() && !partition.isDeleting()) {
          throw new Violation("A1: " + error + " for " + partition.id());
        }
        yield Optional.empty();
      }
      case NOT_LEADER_OR_FOLLOWER,
          OFFSET_NOT_AVAILABLE,
          FENCED_LEADER_EPOCH,
          UNKNOWN_LEADER_EPOCH,
          KAFKA_STORAGE_ERROR ->
          Optional.empty();
      case CORRUPT_MESSAGE -> {
        partition.toldCorrupt(offset, asked.writer());
        yield Optional.empty();
      }
      default -> throw new Violation(error + " answered to a fetch of " + partition.id());
    };
  }

  /** What the answer says, for a person. */
  String told(FetchResponseData response) {
    PartitionData data = find(response);
    return "%s, end %d, by %s"
        .formatted(Errors.forCode(data.errorCode()), data.highWatermark(), asked.writer());
  }

  private Fetched check(PartitionData data, boolean alone) {
    if (goneAtRequest) {
      throw new Violation("I10: " + partition.id() + " is read after its topic was gone");
    }
    ByteBuffer bytes =
        data.records() instanceof MemoryRecords records ? records.buffer() : ByteBuffer.allocate(0);
    List<RecordedBatch> batches = RecordedBatch.decode(bytes);
    // one that no longer leads may tell what was so before, but never less than it told before
    long atLeast = partition.oneBroker() ? endAtRequest : toldAtRequest;
    partition.toldHighWatermark(data.highWatermark(), atLeast, "a fetch", asked);
    long visible = committed ? data.lastStableOffset() : data.highWatermark();
    if (visible > data.highWatermark()) {
      throw new Violation(
          "B10: %s is stable to %d, its high watermark is %d"
              .formatted(partition.id(), visible, data.highWatermark()));
    }
    partition.read(batches, offset, visible, asked);
    if (batches.isEmpty() && alone && offset < (committed ? visible : atLeast)) {
      throw new Violation(
          "A6/A12: a fetch of %s at %d returned nothing; its end was %d"
              .formatted(partition.id(), offset, atLeast));
    }
    return new Fetched(
        batches,
        RecordedBatch.epochs(bytes),
        data.highWatermark(),
        visible,
        committed ? AbortedBatches.visible(bytes, data.abortedTransactions()) : batches);
  }

  private PartitionData find(FetchResponseData response) {
    for (FetchableTopicResponse topic : response.responses()) {
      if (topic.topicId().equals(partition.id().topicId())) {
        for (PartitionData data : topic.partitions()) {
          if (data.partitionIndex() == partition.id().partition()) {
            return data;
          }
        }
      }
    }
    throw new Violation("no answer to a fetch of " + partition.id());
  }

  /**
   * What a fetch returned.
   *
   * @param epochs first offset of each leader epoch in it
   * @param end of what may be read with this isolation level
   * @param visible batches without markers, and with read_committed without those that were aborted
   */
  record Fetched(
      List<RecordedBatch> batches,
      NavigableMap<Integer, Long> epochs,
      long highWatermark,
      long end,
      List<RecordedBatch> visible) {
    long next(long offset) {
      return batches.isEmpty() ? offset : batches.getLast().lastOffset() + 1;
    }
  }
}
