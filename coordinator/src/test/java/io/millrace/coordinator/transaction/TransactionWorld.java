package io.millrace.coordinator.transaction;

import io.millrace.coordinator.ShardHarness;
import io.millrace.coordinator.transaction.TransactionShard.ProducerOf;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.message.DescribeTransactionsResponseData;
import org.apache.kafka.common.message.ListTransactionsResponseData;
import org.apache.kafka.common.protocol.Errors;

/** A shard of transactional ids with markers and producer ids in the test's hands. */
final class TransactionWorld {
  static final String ID = "payments";
  static final int TIMEOUT_MS = 60_000;
  static final int ABORT_CHECK_MS = 10_000;
  static final int ID_EXPIRATION_MS = 604_800_000;
  static final TopicPartition P0 = new TopicPartition("orders", 0);
  static final TopicPartition P1 = new TopicPartition("orders", 1);

  private static final long FIRST_PRODUCER_ID = 1_000;

  final List<TransactionEnd> ended = new ArrayList<>();
  final List<CompletableFuture<MarkerOutcome>> markers = new ArrayList<>();
  int transactionVersion = 2;
  Errors noProducerIds = Errors.NONE;
  private final List<TransactionShard> shards = new ArrayList<>();
  private boolean markersHeld;
  private long nextProducerId = FIRST_PRODUCER_ID;

  final ShardHarness<TransactionShard> harness =
      new ShardHarness<>((environment, log) -> {
        TransactionShard shard =
            new TransactionShard(
                new TransactionSettings(900_000, ABORT_CHECK_MS, ID_EXPIRATION_MS, 3_600_000),
                () -> transactionVersion,
                environment.clock(),
                log.leaderEpoch(),
                this::nextProducerId,
                this::writeMarkers);
        shards.add(shard);
        return shard;
      });

  private CompletableFuture<NewProducerIds.Given> nextProducerId() {
    return CompletableFuture.completedFuture(
        noProducerIds == Errors.NONE
            ? new NewProducerIds.Given.Id(nextProducerId++)
            : new NewProducerIds.Given.None(noProducerIds));
  }

  private CompletableFuture<MarkerOutcome> writeMarkers(TransactionEnd end) {
    ended.add(end);
    CompletableFuture<MarkerOutcome> outcome = new CompletableFuture<>();
    markers.add(outcome);
    if (!markersHeld) {
      outcome.complete(MarkerOutcome.WRITTEN);
    }
    return outcome;
  }

  /** Markers stay unwritten until {@link #markersArrive}. */
  void holdMarkers() {
    markersHeld = true;
  }

  void markersArrive() {
    markersHeld = false;
    markers.forEach(each -> each.complete(MarkerOutcome.WRITTEN));
    harness.settle();
  }

  void markersGivenUp() {
    markers.forEach(each -> each.complete(MarkerOutcome.GIVEN_UP));
    harness.settle();
  }

  Map<String, Transaction> transactions() {
    return shards.getLast().transactions();
  }

  Transaction transaction() {
    Transaction present = transactions().get(ID);
    if (present == null) {
      throw new AssertionError("the id is not known");
    }
    return present;
  }

  TransactionState state() {
    return transaction().state();
  }

  /** As a producer that has just started. */
  ProducerOf init() {
    return producer(init(Transaction.NO_PRODUCER_ID, Transaction.NO_EPOCH).join());
  }

  CompletableFuture<ProducerAnswer> init(long producerId, short epoch) {
    return init(ID, TIMEOUT_MS, producerId, epoch);
  }

  CompletableFuture<ProducerAnswer> init(String id, int timeoutMs, long producerId, short epoch) {
    return harness.call((shard, out, reply) ->
        shard.init(new InitRequest(id, timeoutMs, producerId, epoch), out, reply));
  }

  static ProducerOf producer(ProducerAnswer answer) {
    if (answer.error() != Errors.NONE) {
      throw new AssertionError(answer.error());
    }
    return new ProducerOf(ID, answer.producerId(), answer.producerEpoch());
  }

  Errors add(ProducerOf producer, TopicPartition... partitions) {
    return addLater(producer, partitions).join();
  }

  CompletableFuture<Errors> addLater(ProducerOf producer, TopicPartition... partitions) {
    short version = (short) (transactionVersion >= 2 ? 2 : 0);
    return harness.call(
        (shard, out, reply) -> shard.add(producer, List.of(partitions), version, out, reply));
  }

  Map<TopicPartition, Errors> verify(ProducerOf producer, TopicPartition... partitions) {
    return harness
        .<Map<TopicPartition, Errors>>call(
            (shard, out, reply) -> shard.verify(producer, List.of(partitions), out, reply))
        .join();
  }

  ProducerAnswer end(ProducerOf producer, boolean commit) {
    return endLater(producer, commit).join();
  }

  CompletableFuture<ProducerAnswer> endLater(ProducerOf producer, boolean commit) {
    short version = (short) (transactionVersion >= 2 ? 2 : 0);
    return harness.call(
        (shard, out, reply) -> shard.end(new EndRequest(producer, commit, version), out, reply));
  }

  DescribeTransactionsResponseData.TransactionState describe(String id) {
    return harness
        .<DescribeTransactionsResponseData.TransactionState>call(
            (shard, out, reply) -> shard.describe(id, out, reply))
        .join();
  }

  List<String> list(TransactionFilter filter) {
    return harness
        .<List<ListTransactionsResponseData.TransactionState>>call(
            (shard, out, reply) -> shard.list(filter, out, reply))
        .join()
        .stream()
        .map(ListTransactionsResponseData.TransactionState::transactionalId)
        .toList();
  }
}
