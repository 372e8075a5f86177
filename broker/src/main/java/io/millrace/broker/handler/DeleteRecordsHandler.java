package io.millrace.broker.handler;

import static org.apache.kafka.common.internals.Topic.isInternal;

import io.millrace.broker.api.ApiErrors;
import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.broker.cluster.Submissions;
import io.millrace.broker.config.TopicConfigs;
import io.millrace.storage.PartitionId;
import io.millrace.storage.log.PartitionLog;
import io.millrace.storage.log.Partitions;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.MetadataImage.Topic;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataRecord.LogStartMoved;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.NotLeaderOrFollowerException;
import org.apache.kafka.common.errors.OffsetOutOfRangeException;
import org.apache.kafka.common.errors.PolicyViolationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.message.DeleteRecordsRequestData;
import org.apache.kafka.common.message.DeleteRecordsRequestData.DeleteRecordsTopic;
import org.apache.kafka.common.message.DeleteRecordsResponseData;
import org.apache.kafka.common.message.DeleteRecordsResponseData.DeleteRecordsPartitionResult;
import org.apache.kafka.common.message.DeleteRecordsResponseData.DeleteRecordsTopicResult;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.requests.DeleteRecordsRequest;
import org.apache.kafka.common.requests.DeleteRecordsResponse;

/**
 * DeleteRecords: moves the log start of partitions, by a command of their leader (invariant I9).
 * Done when it stands in the metadata; the bytes go with the next merge.
 */
public final class DeleteRecordsHandler implements ApiHandler<DeleteRecordsRequestData> {
  private final MetadataLog metadata;
  private final Partitions partitions;
  private final TopicConfigs configs;

  public DeleteRecordsHandler(MetadataLog metadata, Partitions partitions, TopicConfigs configs) {
    this.metadata = metadata;
    this.partitions = partitions;
    this.configs = configs;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.DELETE_RECORDS;
  }

  private record Asked(String topic, int partition, long offset) {}

  @Override
  public CompletableFuture<DeleteRecordsResponseData> handle(
      RequestContext context, DeleteRecordsRequestData request) {
    List<Asked> asked = new ArrayList<>();
    for (DeleteRecordsTopic topic : request.topics()) {
      topic
          .partitions()
          .forEach(p -> asked.add(new Asked(topic.name(), p.partitionIndex(), p.offset())));
    }
    return Submissions.each(asked, this::answer)
        .thenApply(answers -> {
          DeleteRecordsResponseData response = new DeleteRecordsResponseData();
          for (int i = 0; i < answers.size(); i++) {
            add(response, asked.get(i).topic(), answers.get(i));
          }
          return response;
        });
  }

  private static void add(
      DeleteRecordsResponseData response, String topic, DeleteRecordsPartitionResult answer) {
    DeleteRecordsTopicResult result = response.topics().find(topic);
    if (result == null) {
      result = new DeleteRecordsTopicResult().setName(topic);
      response.topics().add(result);
    }
    result.partitions().add(answer);
  }

  private CompletableFuture<DeleteRecordsPartitionResult> answer(Asked asked) {
    DeleteRecordsPartitionResult result =
        new DeleteRecordsPartitionResult().setPartitionIndex(asked.partition());
    CompletableFuture<Long> start;
    try {
      start = delete(asked);
    } catch (RuntimeException refused) {
      start = CompletableFuture.failedFuture(refused);
    }
    return start.handle((logStart, failure) ->
        failure == null
            ? result.setLowWatermark(logStart)
            : result
                .setLowWatermark(DeleteRecordsResponse.INVALID_LOW_WATERMARK)
                .setErrorCode(ApiErrors.of(failure).code()));
  }

  /** The log start afterwards. */
  private CompletableFuture<Long> delete(Asked asked) {
    if (isInternal(asked.topic())) {
      throw new InvalidTopicException(
          "Records of the internal topic %s cannot be deleted.".formatted(asked.topic()));
    }
    MetadataImage now = metadata.image();
    Topic topic = now.topic(asked.topic());
    if (topic == null || asked.partition() < 0 || asked.partition() >= topic.partitions().size()) {
      throw new UnknownTopicOrPartitionException("There is no such partition.");
    }
    PartitionId id = new PartitionId(topic.id(), asked.partition());
    return partitions
        .open(id)
        .thenCompose(log -> log.proof().thenApply(_ -> log))
        .thenCompose(log -> {
          if (!configs.settings(now, topic.id()).delete()) {
            throw new PolicyViolationException(
                "The cleanup policy of %s deletes no records.".formatted(asked.topic()));
          }
          return delete(id, log, asked.offset());
        });
  }

  private CompletableFuture<Long> delete(PartitionId id, PartitionLog log, long asked) {
    long end = log.highWatermark();
    long to = asked == DeleteRecordsRequest.HIGH_WATERMARK ? end : asked;
    if (to < 0 || to > end) {
      throw new OffsetOutOfRangeException(
          "Offset %d of %s is outside [0, %d].".formatted(to, id, end));
    }
    if (to <= log.logStart()) {
      return CompletableFuture.completedFuture(log.logStart());
    }
    return metadata
        .submit(new LogStartMoved(id, log.leaderEpoch(), to))
        .thenApply(outcome ->
            switch (outcome) {
              case MetadataLog.Outcome.Applied _ -> to;
              case MetadataLog.Outcome.Voided(String reason, MetadataImage image) -> {
                Partition present = image.partition(id);
                if (present == null || present.logStart() < to) {
                  throw new NotLeaderOrFollowerException(reason);
                }
                yield present.logStart(); // another request was first and went further
              }
            });
  }
}
