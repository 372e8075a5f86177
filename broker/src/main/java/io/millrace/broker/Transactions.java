package io.millrace.broker;

import io.millrace.broker.api.ApiErrors;
import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.cluster.BrokerLink;
import io.millrace.broker.config.BrokerConfig;
import io.millrace.broker.config.TransactionKeys;
import io.millrace.broker.handler.AddOffsetsToTxnHandler;
import io.millrace.broker.handler.AddPartitionsToTxnHandler;
import io.millrace.broker.handler.DescribeTransactionsHandler;
import io.millrace.broker.handler.EndTxnHandler;
import io.millrace.broker.handler.InitProducerIdHandler;
import io.millrace.broker.handler.ListTransactionsHandler;
import io.millrace.broker.transaction.CoordinatorVerifier;
import io.millrace.broker.transaction.LeaderCalls;
import io.millrace.broker.transaction.MarkerChannels;
import io.millrace.broker.transaction.TransactionVerifier;
import io.millrace.coordinator.ShardRegistry;
import io.millrace.coordinator.transaction.MarkerWriter;
import io.millrace.coordinator.transaction.NewProducerIds;
import io.millrace.coordinator.transaction.TransactionCoordinator;
import io.millrace.coordinator.transaction.TransactionShard;
import io.millrace.runtime.Environment;
import io.millrace.runtime.EventLoop;
import io.millrace.storage.log.StorageEngine;
import io.millrace.storage.metadata.Feature;
import io.millrace.storage.metadata.MetadataLog;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.WriteTxnMarkersRequestData;
import org.apache.kafka.common.protocol.Errors;

/**
 * What one life of a broker has for transactions, put together: the coordinator, the way of its
 * markers, the leaders' questions to coordinators, and the handlers.
 */
final class Transactions {
  private final NewProducerIds producerIds;
  private final TransactionCoordinator coordinator;
  private final AddPartitionsToTxnHandler addPartitions;
  private final TransactionVerifier verifier;
  private final LeaderCalls leaders;
  private final ApiHandler<WriteTxnMarkersRequestData> markers;

  /**
   * @param link the way to other brokers
   * @param markers writes them into partitions that this broker leads
   */
  Transactions(
      Environment environment,
      BrokerConfig config,
      StorageEngine storage,
      BrokerLink link,
      ApiHandler<WriteTxnMarkersRequestData> markers) {
    this.markers = markers;
    MetadataLog metadata = storage.metadata();
    this.leaders =
        new LeaderCalls(metadata, link, config.interBrokerListener(), environment.clock());
    EventLoop requests = environment.threads().eventLoop("transaction-requests");
    MarkerWriter writer = new MarkerChannels(requests, metadata, leaders, markers);
    EventLoop loop = environment.threads().eventLoop("transactions");
    this.producerIds = () -> newProducerId(storage);
    this.coordinator =
        new TransactionCoordinator(
            loop,
            metadata,
            new ShardRegistry<>(
                loop,
                environment.clock(),
                storage,
                log ->
                    new TransactionShard(
                        Settings.transactions(config),
                        () -> metadata.image().level(Feature.TRANSACTION_VERSION),
                        environment.clock(),
                        log.leaderEpoch(),
                        producerIds,
                        writer)));
    this.addPartitions = new AddPartitionsToTxnHandler(metadata::image, coordinator);
    this.verifier =
        new CoordinatorVerifier(
            requests,
            environment.clock(),
            metadata,
            leaders,
            addPartitions,
            config.get(TransactionKeys.ADD_PARTITIONS_RETRY_BACKOFF_MS),
            config.get(TransactionKeys.ADD_PARTITIONS_RETRY_BACKOFF_MAX_MS));
  }

  /** Whatever the reason that there is none, the client does right to ask again. */
  private static CompletableFuture<NewProducerIds.Given> newProducerId(StorageEngine storage) {
    return storage
        .producerIds()
        .next()
        .handle((id, failure) -> {
          if (id != null) {
            return new NewProducerIds.Given.Id(id);
          }
          Errors error = ApiErrors.of(failure);
          return new NewProducerIds.Given.None(
              error == Errors.UNKNOWN_SERVER_ERROR ? Errors.COORDINATOR_LOAD_IN_PROGRESS : error);
        });
  }

  void start() {
    coordinator.start();
  }

  /** For leaders that append what belongs to transactions. */
  TransactionVerifier verifier() {
    return verifier;
  }

  /** For whom the leader of a partition is to be asked. */
  LeaderCalls leaders() {
    return leaders;
  }

  List<ApiHandler<?>> handlers(CoordinatorTopics topics) {
    return List.of(
        new InitProducerIdHandler(producerIds, coordinator),
        addPartitions,
        markers,
        new AddOffsetsToTxnHandler(coordinator, topics::groups),
        new EndTxnHandler(coordinator),
        new DescribeTransactionsHandler(coordinator),
        new ListTransactionsHandler(coordinator));
  }

  void close() {
    coordinator.close();
  }
}
