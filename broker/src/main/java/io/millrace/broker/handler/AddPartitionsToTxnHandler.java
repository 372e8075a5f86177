package io.millrace.broker.handler;

import io.millrace.broker.api.ApiErrors;
import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.coordinator.transaction.TransactionCoordinator;
import io.millrace.coordinator.transaction.TransactionShard.ProducerOf;
import io.millrace.storage.metadata.MetadataImage;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTopic;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTopicCollection;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTransaction;
import org.apache.kafka.common.message.AddPartitionsToTxnResponseData;
import org.apache.kafka.common.message.AddPartitionsToTxnResponseData.AddPartitionsToTxnPartitionResult;
import org.apache.kafka.common.message.AddPartitionsToTxnResponseData.AddPartitionsToTxnPartitionResultCollection;
import org.apache.kafka.common.message.AddPartitionsToTxnResponseData.AddPartitionsToTxnResult;
import org.apache.kafka.common.message.AddPartitionsToTxnResponseData.AddPartitionsToTxnTopicResult;
import org.apache.kafka.common.message.AddPartitionsToTxnResponseData.AddPartitionsToTxnTopicResultCollection;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/**
 * AddPartitionsToTxn: up to version 3 a client adds to its own transaction; from 4 on a leader adds
 * to, or asks about, several. Of one transaction all partitions are added, or none.
 */
public final class AddPartitionsToTxnHandler implements ApiHandler<AddPartitionsToTxnRequestData> {
  private static final int FROM_BROKERS = 4;
  private static final int FENCED_SINCE = 2;

  private final Supplier<MetadataImage> image;
  private final TransactionCoordinator transactions;

  public AddPartitionsToTxnHandler(
      Supplier<MetadataImage> image, TransactionCoordinator transactions) {
    this.image = image;
    this.transactions = transactions;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.ADD_PARTITIONS_TO_TXN;
  }

  @Override
  public CompletableFuture<AddPartitionsToTxnResponseData> handle(
      RequestContext context, AddPartitionsToTxnRequestData request) {
    if (context.version() < FROM_BROKERS) {
      return ofClient(context.version(), request);
    }
    List<CompletableFuture<AddPartitionsToTxnResult>> parts = new ArrayList<>();
    for (AddPartitionsToTxnTransaction each : request.transactions()) {
      ProducerOf producer =
          new ProducerOf(each.transactionalId(), each.producerId(), each.producerEpoch());
      parts.add(
          answer(producer, partitions(each.topics()), each.verifyOnly(), context.version())
              .thenApply(errors ->
                  new AddPartitionsToTxnResult()
                      .setTransactionalId(each.transactionalId())
                      .setTopicResults(results(errors))));
    }
    return CompletableFuture.allOf(parts.toArray(CompletableFuture[]::new))
        .thenApply(_ -> {
          AddPartitionsToTxnResponseData response = new AddPartitionsToTxnResponseData();
          parts.forEach(part -> response.resultsByTransaction().add(part.resultNow()));
          return response;
        });
  }

  private CompletableFuture<AddPartitionsToTxnResponseData> ofClient(
      short version, AddPartitionsToTxnRequestData request) {
    ProducerOf producer =
        new ProducerOf(
            request.v3AndBelowTransactionalId(),
            request.v3AndBelowProducerId(),
            request.v3AndBelowProducerEpoch());
    return answer(producer, partitions(request.v3AndBelowTopics()), false, version)
        .thenApply(errors ->
            new AddPartitionsToTxnResponseData().setResultsByTopicV3AndBelow(results(errors)));
  }

  private CompletableFuture<Map<TopicPartition, Errors>> answer(
      ProducerOf producer, List<TopicPartition> partitions, boolean verifyOnly, short version) {
    List<TopicPartition> absent = partitions.stream().filter(this::absent).toList();
    if (!absent.isEmpty()) {
      Map<TopicPartition, Errors> errors = all(partitions, Errors.OPERATION_NOT_ATTEMPTED);
      absent.forEach(each -> errors.put(each, Errors.UNKNOWN_TOPIC_OR_PARTITION));
      return CompletableFuture.completedFuture(errors);
    }
    CompletableFuture<Map<TopicPartition, Errors>> answer =
        verifyOnly
            ? transactions.ask(
                producer.transactionalId(),
                (shard, out, reply) -> shard.verify(producer, partitions, out, reply))
            : add(producer, partitions, version);
    return answer.exceptionally(failure -> all(partitions, ApiErrors.of(failure)));
  }

  private CompletableFuture<Map<TopicPartition, Errors>> add(
      ProducerOf producer, List<TopicPartition> partitions, short version) {
    short clientVersion =
        version >= FROM_BROKERS ? TransactionCoordinator.EPOCH_PER_TRANSACTION : 0;
    return transactions
        .<Errors>call(
            producer.transactionalId(),
            (shard, out, reply) -> shard.add(producer, partitions, clientVersion, out, reply))
        .thenApply(error -> all(partitions, FencedProducers.error(error, version, FENCED_SINCE)));
  }

  private boolean absent(TopicPartition partition) {
    MetadataImage.Topic topic = image.get().topic(partition.topic());
    return topic == null
        || partition.partition() < 0
        || partition.partition() >= topic.partitions().size();
  }

  private static List<TopicPartition> partitions(AddPartitionsToTxnTopicCollection topics) {
    List<TopicPartition> partitions = new ArrayList<>();
    for (AddPartitionsToTxnTopic topic : topics) {
      topic.partitions().forEach(p -> partitions.add(new TopicPartition(topic.name(), p)));
    }
    return partitions;
  }

  private static Map<TopicPartition, Errors> all(List<TopicPartition> partitions, Errors error) {
    Map<TopicPartition, Errors> errors = new LinkedHashMap<>();
    partitions.forEach(partition -> errors.put(partition, error));
    return errors;
  }

  private static AddPartitionsToTxnTopicResultCollection results(
      Map<TopicPartition, Errors> errors) {
    AddPartitionsToTxnTopicResultCollection topics = new AddPartitionsToTxnTopicResultCollection();
    errors.forEach((partition, error) -> {
      AddPartitionsToTxnTopicResult topic = topics.find(partition.topic());
      if (topic == null) {
        topic =
            new AddPartitionsToTxnTopicResult()
                .setName(partition.topic())
                .setResultsByPartition(new AddPartitionsToTxnPartitionResultCollection());
        topics.add(topic);
      }
      topic
          .resultsByPartition()
          .add(
              new AddPartitionsToTxnPartitionResult()
                  .setPartitionIndex(partition.partition())
                  .setPartitionErrorCode(error.code()));
    });
    return topics;
  }
}
