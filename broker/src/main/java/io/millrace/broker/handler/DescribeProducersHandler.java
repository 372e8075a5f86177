package io.millrace.broker.handler;

import io.millrace.broker.api.ApiErrors;
import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.storage.PartitionId;
import io.millrace.storage.log.PartitionLog.ActiveProducer;
import io.millrace.storage.log.Partitions;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Topic;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.message.DescribeProducersRequestData;
import org.apache.kafka.common.message.DescribeProducersRequestData.TopicRequest;
import org.apache.kafka.common.message.DescribeProducersResponseData;
import org.apache.kafka.common.message.DescribeProducersResponseData.PartitionResponse;
import org.apache.kafka.common.message.DescribeProducersResponseData.ProducerState;
import org.apache.kafka.common.message.DescribeProducersResponseData.TopicResponse;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * DescribeProducers: whom the leader of a partition keeps state of, and what they have open; with a
 * proof of leadership, since operators abort transactions by it.
 */
public final class DescribeProducersHandler implements ApiHandler<DescribeProducersRequestData> {
  private final Supplier<MetadataImage> image;
  private final Partitions partitions;

  public DescribeProducersHandler(Supplier<MetadataImage> image, Partitions partitions) {
    this.image = image;
    this.partitions = partitions;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.DESCRIBE_PRODUCERS;
  }

  @Override
  public CompletableFuture<DescribeProducersResponseData> handle(
      RequestContext context, DescribeProducersRequestData request) {
    MetadataImage now = image.get();
    DescribeProducersResponseData response = new DescribeProducersResponseData();
    List<CompletableFuture<?>> pending = new ArrayList<>();
    for (TopicRequest topic : request.topics()) {
      TopicResponse answers = new TopicResponse().setName(topic.name());
      response.topics().add(answers);
      for (int partition : topic.partitionIndexes()) {
        PartitionResponse answer = new PartitionResponse().setPartitionIndex(partition);
        answers.partitions().add(answer);
        pending.add(
            producers(now.topic(topic.name()), partition)
                .handle((states, failure) -> fill(answer, states, failure)));
      }
    }
    return CompletableFuture.allOf(pending.toArray(CompletableFuture<?>[]::new))
        .thenApply(_ -> response);
  }

  private CompletableFuture<List<ProducerState>> producers(@Nullable Topic topic, int partition) {
    if (topic == null || partition < 0 || partition >= topic.partitions().size()) {
      return CompletableFuture.failedFuture(
          new UnknownTopicOrPartitionException("There is no such partition."));
    }
    return partitions
        .open(new PartitionId(topic.id(), partition))
        .thenCompose(log -> {
          List<ProducerState> states =
              log.activeProducers().stream().map(DescribeProducersHandler::state).toList();
          return log.proof().thenApply(_ -> states);
        });
  }

  private static PartitionResponse fill(
      PartitionResponse answer, @Nullable List<ProducerState> states, @Nullable Throwable failure) {
    if (states != null) {
      return answer.setActiveProducers(states);
    }
    Errors error = ApiErrors.of(failure);
    return answer.setErrorCode(error.code()).setErrorMessage(error.message());
  }

  private static ProducerState state(ActiveProducer producer) {
    return new ProducerState()
        .setProducerId(producer.producerId())
        .setProducerEpoch(producer.producerEpoch())
        .setLastSequence(producer.lastSequence())
        .setLastTimestamp(producer.lastTimestamp())
        .setCoordinatorEpoch(producer.coordinatorEpoch())
        .setCurrentTxnStartOffset(producer.transactionFirstOffset());
  }
}
