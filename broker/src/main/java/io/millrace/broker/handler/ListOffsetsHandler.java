package io.millrace.broker.handler;

import io.millrace.broker.api.ApiErrors;
import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.storage.PartitionId;
import io.millrace.storage.log.PartitionLog;
import io.millrace.storage.log.PartitionLog.OffsetAtTime;
import io.millrace.storage.log.Partitions;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Topic;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.FencedLeaderEpochException;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.errors.UnknownLeaderEpochException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.message.ListOffsetsRequestData;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsPartition;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsTopic;
import org.apache.kafka.common.message.ListOffsetsResponseData;
import org.apache.kafka.common.message.ListOffsetsResponseData.ListOffsetsPartitionResponse;
import org.apache.kafka.common.message.ListOffsetsResponseData.ListOffsetsTopicResponse;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.requests.ListOffsetsRequest;
import org.jspecify.annotations.Nullable;

/**
 * ListOffsets: earliest, latest, by time, the largest time. What may have grown elsewhere is
 * answered with a proof of leadership (invariant I12). There is no second tier: the earliest local
 * offset is the earliest, and nothing is tiered or waits to be.
 */
public final class ListOffsetsHandler implements ApiHandler<ListOffsetsRequestData> {
  private static final long NONE = -1;
  private static final int UNKNOWN_EPOCH = -1;
  private static final short LEADER_EPOCH_SINCE = 4;

  /** Special timestamps with the request version that brought each. */
  private static final Map<Long, Integer> SINCE =
      Map.of(
          ListOffsetsRequest.LATEST_TIMESTAMP, 1,
          ListOffsetsRequest.EARLIEST_TIMESTAMP, 1,
          ListOffsetsRequest.MAX_TIMESTAMP, 7,
          ListOffsetsRequest.EARLIEST_LOCAL_TIMESTAMP, 8,
          ListOffsetsRequest.LATEST_TIERED_TIMESTAMP, 9,
          ListOffsetsRequest.EARLIEST_PENDING_UPLOAD_TIMESTAMP, 11);

  private final Supplier<MetadataImage> image;
  private final Partitions partitions;

  public ListOffsetsHandler(Supplier<MetadataImage> image, Partitions partitions) {
    this.image = image;
    this.partitions = partitions;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.LIST_OFFSETS;
  }

  @Override
  public CompletableFuture<ListOffsetsResponseData> handle(
      RequestContext context, ListOffsetsRequestData request) {
    MetadataImage now = image.get();
    boolean committed = request.isolationLevel() == 1;
    Map<TopicPartition, Integer> asked = count(request);
    ListOffsetsResponseData response = new ListOffsetsResponseData();
    List<CompletableFuture<?>> pending = new ArrayList<>();
    for (ListOffsetsTopic topic : request.topics()) {
      ListOffsetsTopicResponse answers = new ListOffsetsTopicResponse().setName(topic.name());
      response.topics().add(answers);
      for (ListOffsetsPartition partition : topic.partitions()) {
        ListOffsetsPartitionResponse answer =
            new ListOffsetsPartitionResponse()
                .setPartitionIndex(partition.partitionIndex())
                .setOffset(NONE)
                .setTimestamp(NONE)
                .setLeaderEpoch(UNKNOWN_EPOCH);
        answers.partitions().add(answer);
        boolean twice =
            asked.getOrDefault(new TopicPartition(topic.name(), partition.partitionIndex()), 1) > 1;
        CompletableFuture<Optional<OffsetAtTime>> found =
            twice
                ? CompletableFuture.failedFuture(
                    new InvalidRequestException("The request names the partition more than once."))
                : find(now.topic(topic.name()), partition, context.version(), committed);
        pending.add(
            found
                .thenAccept(offset -> fill(answer, context.version(), offset))
                .exceptionally(failure -> {
                  answer.setErrorCode(ApiErrors.of(failure).code());
                  return null;
                }));
      }
    }
    return CompletableFuture.allOf(pending.toArray(CompletableFuture[]::new))
        .thenApply(_ -> response);
  }

  private static Map<TopicPartition, Integer> count(ListOffsetsRequestData request) {
    Map<TopicPartition, Integer> asked = new HashMap<>();
    request
        .topics()
        .forEach(topic ->
            topic
                .partitions()
                .forEach(p ->
                    asked.merge(
                        new TopicPartition(topic.name(), p.partitionIndex()), 1, Integer::sum)));
    return asked;
  }

  private CompletableFuture<Optional<OffsetAtTime>> find(
      @Nullable Topic topic, ListOffsetsPartition asked, short version, boolean committed) {
    if (asked.timestamp() < 0
        && SINCE.getOrDefault(asked.timestamp(), Integer.MAX_VALUE) > version) {
      return CompletableFuture.failedFuture(
          new UnsupportedVersionException(
              "Version %d of ListOffsets does not know the timestamp %d."
                  .formatted(version, asked.timestamp())));
    }
    if (topic == null
        || asked.partitionIndex() < 0
        || asked.partitionIndex() >= topic.partitions().size()) {
      return CompletableFuture.failedFuture(
          new UnknownTopicOrPartitionException("There is no such partition."));
    }
    return partitions
        .open(new PartitionId(topic.id(), asked.partitionIndex()))
        .thenCompose(log -> find(log, asked, committed));
  }

  private static CompletableFuture<Optional<OffsetAtTime>> find(
      PartitionLog log, ListOffsetsPartition asked, boolean committed) {
    checkEpoch(log, asked.currentLeaderEpoch());
    long timestamp = asked.timestamp();
    if (timestamp == ListOffsetsRequest.EARLIEST_TIMESTAMP
        || timestamp == ListOffsetsRequest.EARLIEST_LOCAL_TIMESTAMP) {
      return found(log.logStart(), log.epochAt(log.logStart()));
    }
    if (timestamp == ListOffsetsRequest.LATEST_TIERED_TIMESTAMP
        || timestamp == ListOffsetsRequest.EARLIEST_PENDING_UPLOAD_TIMESTAMP) {
      return found(NONE, UNKNOWN_EPOCH);
    }
    CompletableFuture<Optional<OffsetAtTime>> found = findAtEnd(log, timestamp, committed);
    return log.proof().thenCompose(_ -> found);
  }

  private static CompletableFuture<Optional<OffsetAtTime>> findAtEnd(
      PartitionLog log, long timestamp, boolean committed) {
    long end = committed ? log.lastStableOffset() : log.highWatermark();
    if (timestamp == ListOffsetsRequest.LATEST_TIMESTAMP) {
      return found(end, log.leaderEpoch());
    }
    CompletableFuture<Optional<OffsetAtTime>> record =
        timestamp == ListOffsetsRequest.MAX_TIMESTAMP
            ? log.maxTimestamp()
            : log.firstAtOrAfter(timestamp);
    return record.thenApply(at -> at.filter(offset -> offset.offset() < end));
  }

  private static void checkEpoch(PartitionLog log, int asked) {
    if (asked != UNKNOWN_EPOCH && asked < log.leaderEpoch()) {
      throw new FencedLeaderEpochException(
          "The leader epoch is %d, not %d.".formatted(log.leaderEpoch(), asked));
    }
    if (asked > log.leaderEpoch()) {
      throw new UnknownLeaderEpochException(
          "The leader epoch is %d, not yet %d.".formatted(log.leaderEpoch(), asked));
    }
  }

  private static CompletableFuture<Optional<OffsetAtTime>> found(long offset, int leaderEpoch) {
    return CompletableFuture.completedFuture(
        Optional.of(new OffsetAtTime(offset, NONE, leaderEpoch)));
  }

  private static void fill(
      ListOffsetsPartitionResponse answer, short version, Optional<OffsetAtTime> found) {
    found.ifPresent(at -> {
      answer.setOffset(at.offset()).setTimestamp(at.timestamp());
      if (version >= LEADER_EPOCH_SINCE) {
        answer.setLeaderEpoch(at.leaderEpoch());
      }
    });
  }
}
