package io.millrace.coordinator.transaction;

import io.millrace.coordinator.ShardKeeper;
import io.millrace.coordinator.ShardRegistry;
import io.millrace.coordinator.ShardRunner;
import io.millrace.coordinator.TopicShards;
import io.millrace.runtime.EventLoop;
import io.millrace.storage.metadata.MetadataLog;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.message.ListTransactionsResponseData.TransactionState;
import org.apache.kafka.common.utils.Utils;

/**
 * Finds the shard of a transactional id and runs requests there; keeps all shards of partitions
 * this broker leads loaded, since transactions end though nobody asks. Any thread may call.
 */
public final class TransactionCoordinator {
  public static final String TOPIC = "__transaction_state";

  /** The first transaction version in which every transaction has an epoch of its own. */
  public static final short EPOCH_PER_TRANSACTION = Transaction.EPOCH_PER_TRANSACTION;

  private final ShardRegistry<TransactionShard> registry;
  private final TopicShards<TransactionShard> shards;
  private final ShardKeeper keeper;

  public TransactionCoordinator(
      EventLoop loop, MetadataLog metadata, ShardRegistry<TransactionShard> registry) {
    this.registry = registry;
    this.shards = new TopicShards<>(TOPIC, registry, metadata::image);
    this.keeper = new ShardKeeper(loop, metadata, TOPIC, registry);
  }

  public void start() {
    keeper.start();
  }

  /** Runs one request on the id's shard; NOT_COORDINATOR where this broker does not have it. */
  public <T> CompletableFuture<T> call(
      String transactionalId, ShardRunner.Call<TransactionShard, T> request) {
    return invalid(transactionalId)
        ? CompletableFuture.failedFuture(invalid())
        : shards.call(transactionalId, request);
  }

  /** The same for a request that writes nothing. */
  public <T> CompletableFuture<T> ask(
      String transactionalId, ShardRunner.Call<TransactionShard, T> request) {
    return invalid(transactionalId)
        ? CompletableFuture.failedFuture(invalid())
        : shards.ask(transactionalId, request);
  }

  private static boolean invalid(String transactionalId) {
    return transactionalId.isEmpty() || Utils.utf8Length(transactionalId) > Short.MAX_VALUE;
  }

  private static InvalidRequestException invalid() {
    return new InvalidRequestException(
        "A transactional id has 1 to %d bytes.".formatted(Short.MAX_VALUE));
  }

  /** Transactional ids coordinated by this broker. */
  public CompletableFuture<List<TransactionState>> list(TransactionFilter filter) {
    return shards.askAll((shard, out, reply) -> shard.list(filter, out, reply));
  }

  public void close() {
    keeper.close();
    registry.close();
  }
}
