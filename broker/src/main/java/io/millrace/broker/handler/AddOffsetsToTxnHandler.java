package io.millrace.broker.handler;

import io.millrace.broker.api.ApiErrors;
import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.coordinator.TopicShards;
import io.millrace.coordinator.group.GroupCoordinator;
import io.millrace.coordinator.transaction.TransactionCoordinator;
import io.millrace.coordinator.transaction.TransactionShard.ProducerOf;
import io.millrace.storage.metadata.MetadataImage;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.message.AddOffsetsToTxnRequestData;
import org.apache.kafka.common.message.AddOffsetsToTxnResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/**
 * AddOffsetsToTxn: the partition of __consumer_offsets that holds the group becomes part of the
 * transaction. Only clients up to transaction version 1 ask for it.
 */
public final class AddOffsetsToTxnHandler implements ApiHandler<AddOffsetsToTxnRequestData> {
  private static final int FENCED_SINCE = 2;
  private static final short CLIENT_VERSION = 0;

  private final TransactionCoordinator transactions;
  private final Supplier<CompletableFuture<MetadataImage.Topic>> offsetsTopic;

  /**
   * @param offsetsTopic __consumer_offsets, made if it is absent
   */
  public AddOffsetsToTxnHandler(
      TransactionCoordinator transactions,
      Supplier<CompletableFuture<MetadataImage.Topic>> offsetsTopic) {
    this.transactions = transactions;
    this.offsetsTopic = offsetsTopic;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.ADD_OFFSETS_TO_TXN;
  }

  @Override
  public CompletableFuture<AddOffsetsToTxnResponseData> handle(
      RequestContext context, AddOffsetsToTxnRequestData request) {
    ProducerOf producer =
        new ProducerOf(request.transactionalId(), request.producerId(), request.producerEpoch());
    return offsetsTopic
        .get()
        .thenCompose(topic -> {
          int partition = TopicShards.partitionOf(request.groupId(), topic.partitions().size());
          List<TopicPartition> added =
              List.of(new TopicPartition(GroupCoordinator.TOPIC, partition));
          return transactions.<Errors>call(
              request.transactionalId(),
              (shard, out, reply) -> shard.add(producer, added, CLIENT_VERSION, out, reply));
        })
        .exceptionally(ApiErrors::of)
        .thenApply(error ->
            new AddOffsetsToTxnResponseData()
                .setErrorCode(
                    FencedProducers.error(error, context.version(), FENCED_SINCE).code()));
  }
}
