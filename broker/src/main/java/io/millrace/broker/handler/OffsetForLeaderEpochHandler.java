package io.millrace.broker.handler;

import io.millrace.broker.api.ApiErrors;
import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.storage.PartitionId;
import io.millrace.storage.log.PartitionLog;
import io.millrace.storage.log.PartitionLog.EpochEnd;
import io.millrace.storage.log.Partitions;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Topic;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.apache.kafka.common.errors.FencedLeaderEpochException;
import org.apache.kafka.common.errors.UnknownLeaderEpochException;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData.OffsetForLeaderPartition;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData.OffsetForLeaderTopic;
import org.apache.kafka.common.message.OffsetForLeaderEpochResponseData;
import org.apache.kafka.common.message.OffsetForLeaderEpochResponseData.EpochEndOffset;
import org.apache.kafka.common.message.OffsetForLeaderEpochResponseData.OffsetForLeaderTopicResult;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * OffsetForLeaderEpoch: where a leader epoch's records end, by which a consumer notices that what
 * it has read is no longer there. The end of the epoch that leads may have grown elsewhere, so it
 * is answered with a proof of leadership (invariant I12).
 */
public final class OffsetForLeaderEpochHandler
    implements ApiHandler<OffsetForLeaderEpochRequestData> {
  private static final int UNKNOWN = -1;

  private final Supplier<MetadataImage> image;
  private final Partitions partitions;

  public OffsetForLeaderEpochHandler(Supplier<MetadataImage> image, Partitions partitions) {
    this.image = image;
    this.partitions = partitions;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.OFFSET_FOR_LEADER_EPOCH;
  }

  @Override
  public CompletableFuture<OffsetForLeaderEpochResponseData> handle(
      RequestContext context, OffsetForLeaderEpochRequestData request) {
    MetadataImage now = image.get();
    OffsetForLeaderEpochResponseData response = new OffsetForLeaderEpochResponseData();
    List<CompletableFuture<?>> pending = new ArrayList<>();
    for (OffsetForLeaderTopic topic : request.topics()) {
      OffsetForLeaderTopicResult answers = new OffsetForLeaderTopicResult().setTopic(topic.topic());
      response.topics().add(answers);
      for (OffsetForLeaderPartition partition : topic.partitions()) {
        EpochEndOffset answer =
            new EpochEndOffset()
                .setPartition(partition.partition())
                .setLeaderEpoch(UNKNOWN)
                .setEndOffset(UNKNOWN);
        answers.partitions().add(answer);
        pending.add(find(now.topic(topic.topic()), partition, answer));
      }
    }
    return CompletableFuture.allOf(pending.toArray(CompletableFuture[]::new))
        .thenApply(_ -> response);
  }

  private CompletableFuture<?> find(
      @Nullable Topic topic, OffsetForLeaderPartition asked, EpochEndOffset answer) {
    if (topic == null || asked.partition() < 0 || asked.partition() >= topic.partitions().size()) {
      answer.setErrorCode(Errors.UNKNOWN_TOPIC_OR_PARTITION.code());
      return CompletableFuture.completedFuture(null);
    }
    return partitions
        .open(new PartitionId(topic.id(), asked.partition()))
        .thenCompose(log -> find(log, asked))
        .handle((end, failure) -> {
          if (end == null) {
            answer.setErrorCode(ApiErrors.of(failure).code());
          } else {
            answer.setLeaderEpoch(end.leaderEpoch()).setEndOffset(end.endOffset());
          }
          return null;
        });
  }

  /** Where an earlier epoch ends does not change; this one has an end only while it leads. */
  private static CompletableFuture<EpochEnd> find(
      PartitionLog log, OffsetForLeaderPartition asked) {
    int current = asked.currentLeaderEpoch();
    if (current != UNKNOWN && current < log.leaderEpoch()) {
      throw new FencedLeaderEpochException(
          "The leader epoch is %d, not %d.".formatted(log.leaderEpoch(), current));
    }
    if (current > log.leaderEpoch()) {
      throw new UnknownLeaderEpochException(
          "The leader epoch is %d, not yet %d.".formatted(log.leaderEpoch(), current));
    }
    EpochEnd end = log.endOfEpoch(asked.leaderEpoch());
    return end.leaderEpoch() >= 0 && end.leaderEpoch() < log.leaderEpoch()
        ? CompletableFuture.completedFuture(end)
        : log.proof().thenApply(_ -> end);
  }
}
