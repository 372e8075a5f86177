package io.millrace.coordinator.transaction;

import io.millrace.coordinator.CoordinatorRecord;
import io.millrace.coordinator.Outbox;
import io.millrace.coordinator.RecordTypes;
import io.millrace.coordinator.Shard;
import io.millrace.runtime.Clock;
import io.millrace.storage.WallClockWatch;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.IntSupplier;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.message.DescribeTransactionsResponseData;
import org.apache.kafka.common.message.DescribeTransactionsResponseData.TopicData;
import org.apache.kafka.common.message.ListTransactionsResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.coordinator.transaction.generated.TransactionLogKey;
import org.apache.kafka.coordinator.transaction.generated.TransactionLogValue;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The transactional ids of one partition of __transaction_state. Owned by its shard loop; state
 * changes by records only (how long transactions are open is soft, see {@link TransactionAges}).
 * Markers leave when the record of the outcome is durable, again after each load, until {@link
 * MarkerWriter} says that all are written. Requests are decided by {@link InitDecision} and {@link
 * EndDecision}.
 */
public final class TransactionShard implements Shard {
  private static final Logger LOG = LoggerFactory.getLogger(TransactionShard.class);
  private static final String ABORT_TIMER = "abort";
  private static final String EXPIRE_TIMER = "expire";

  private final TransactionSettings settings;
  private final IntSupplier transactionVersion;
  private final Clock clock;
  private final int coordinatorEpoch;
  private final NewProducerIds producerIds;
  private final MarkerWriter markers;
  private final TransactionAges ages;
  private final WallClockWatch wallClock;
  private final Map<String, Transaction> transactions = new LinkedHashMap<>();

  /**
   * From which epoch a producer got the present one by InitProducerId, so that its retry is known;
   * forgotten at a takeover, as Kafka does, since no record has it.
   */
  private final Map<String, Short> initialisedFrom = new LinkedHashMap<>();

  /**
   * @param transactionVersion the cluster's feature level
   * @param coordinatorEpoch leader epoch of the partition
   */
  public TransactionShard(
      TransactionSettings settings,
      IntSupplier transactionVersion,
      Clock clock,
      int coordinatorEpoch,
      NewProducerIds producerIds,
      MarkerWriter markers) {
    this.settings = settings;
    this.transactionVersion = transactionVersion;
    this.clock = clock;
    this.coordinatorEpoch = coordinatorEpoch;
    this.producerIds = producerIds;
    this.markers = markers;
    this.ages = new TransactionAges(clock);
    this.wallClock = new WallClockWatch(clock, "No transactional ids expire");
  }

  @Override
  public RecordTypes recordTypes() {
    return TransactionRecords.TYPES;
  }

  @Override
  public void replay(CoordinatorRecord record) {
    if (!(record.key() instanceof TransactionLogKey key)) {
      return;
    }
    String id = key.transactionalId();
    if (record.value() instanceof TransactionLogValue value) {
      Transaction transaction = TransactionRecords.transaction(id, value);
      transactions.put(id, transaction);
      ages.track(transaction);
    } else {
      transactions.remove(id);
      ages.forget(id);
    }
  }

  /** By transactional id, as the records say. */
  Map<String, Transaction> transactions() {
    return Collections.unmodifiableMap(transactions);
  }

  @Override
  public void onLoaded(Outbox out) {
    for (Transaction transaction : transactions.values()) {
      if (transaction.state().ending()) {
        sendMarkers(transaction, out);
      }
    }
    out.expiry(ABORT_TIMER, settings.abortCheckMs(), this::onAbortCheck);
    out.expiry(EXPIRE_TIMER, settings.expirationCheckMs(), this::onExpirationCheck);
  }

  private void write(Transaction transaction, Outbox out) {
    CoordinatorRecord record = TransactionRecords.state(transaction, transactionVersion.getAsInt());
    out.write(record);
    replay(record);
    initialisedFrom.remove(transaction.transactionalId());
  }

  /**
   * Goes on with a producer id nobody had.
   *
   * @param refused what to do if there is none
   */
  private void withNewProducerId(Outbox out, WithId next, RefusedWith refused) {
    out.afterwards(
        producerIds::next,
        (given, later) -> {
          switch (given) {
            case NewProducerIds.Given.Id(long id) -> next.goOn(id, later);
            case NewProducerIds.Given.None(Errors error) -> refused.answer(error, later);
          }
        });
  }

  private interface WithId {
    void goOn(long newProducerId, Outbox out);
  }

  private interface RefusedWith {
    void answer(Errors error, Outbox out);
  }

  /** A producer begins; whatever transaction it or another had open is aborted first. */
  public void init(InitRequest request, Outbox out, CompletableFuture<ProducerAnswer> reply) {
    if (request.timeoutMs() <= 0 || request.timeoutMs() > settings.timeoutMsMax()) {
      out.reply(reply, ProducerAnswer.refused(Errors.INVALID_TRANSACTION_TIMEOUT));
      return;
    }
    init(request, Transaction.NO_PRODUCER_ID, out, reply);
  }

  private void init(
      InitRequest request,
      long newProducerId,
      Outbox out,
      CompletableFuture<ProducerAnswer> reply) {
    String id = request.transactionalId();
    Transaction present = transactions.get(id);
    short from = initialisedFrom.getOrDefault(id, Transaction.NO_EPOCH);
    switch (InitDecision.of(request, present, from, newProducerId, clock.wallMs())) {
      case InitDecision.Refused(Errors error) -> out.reply(reply, ProducerAnswer.refused(error));
      case InitDecision.NeedsProducerId _ ->
          withNewProducerId(
              out,
              (given, later) -> init(request, given, later, reply),
              (error, later) -> later.reply(reply, ProducerAnswer.refused(error)));
      case InitDecision.Initialised(Transaction initialised, short retryEpoch) -> {
        write(initialised, out);
        if (retryEpoch != Transaction.NO_EPOCH) {
          initialisedFrom.put(id, retryEpoch);
        }
        out.reply(reply, ProducerAnswer.of(initialised));
      }
      case InitDecision.AbortFirst(Transaction open) -> {
        fence(open, out);
        out.reply(reply, ProducerAnswer.refused(Errors.CONCURRENT_TRANSACTIONS));
      }
    }
  }

  /** Takes the epoch from the producer and aborts what it has open. */
  private void fence(Transaction open, Outbox out) {
    short version =
        transactionVersion.getAsInt() >= Transaction.EPOCH_PER_TRANSACTION
            ? Transaction.EPOCH_PER_TRANSACTION
            : 0;
    prepare(
        open.fenced().prepared(false, version, Transaction.NO_PRODUCER_ID, clock.wallMs()), out);
  }

  private void prepare(Transaction prepared, Outbox out) {
    write(prepared, out);
    sendMarkers(prepared, out);
  }

  private void sendMarkers(Transaction prepared, Outbox out) {
    TransactionEnd end =
        new TransactionEnd(
            prepared.transactionalId(),
            coordinatorEpoch,
            prepared.producerId(),
            prepared.producerEpoch(),
            prepared.state() == TransactionState.PREPARE_COMMIT,
            prepared.clientVersion(),
            prepared.partitions());
    out.afterwards(() -> markers.write(end), (outcome, later) -> onMarkers(end, outcome, later));
  }

  private void onMarkers(TransactionEnd end, MarkerOutcome outcome, Outbox out) {
    switch (outcome) {
      case GIVEN_UP ->
          LOG.debug(
              "Another coordinator ends the transaction of transactionalId={} producerId={}",
              end.transactionalId(),
              end.producerId());
      case WRITTEN -> {
        Transaction present = transactions.get(end.transactionalId());
        if (present != null
            && present.state().ending()
            && present.producerId() == end.producerId()
            && present.producerEpoch() == end.producerEpoch()) {
          write(present.completed(clock.wallMs()), out);
        }
      }
    }
  }

  /** Adds partitions to the producer's transaction, which begins if none is open. */
  public void add(
      ProducerOf producer,
      Collection<TopicPartition> partitions,
      short clientVersion,
      Outbox out,
      CompletableFuture<Errors> reply) {
    Transaction present = transactions.get(producer.transactionalId());
    Errors error = producer.check(present);
    if (present == null || error != Errors.NONE) {
      out.reply(reply, error);
      return;
    }
    boolean open = present.state() == TransactionState.ONGOING;
    if (!open || !present.partitions().containsAll(partitions)) {
      long nowMs =
          open ? present.startMs() + ages.ageMs(present.transactionalId()) : clock.wallMs();
      write(present.plus(partitions, nowMs, clientVersion), out);
    }
    out.reply(reply, Errors.NONE);
  }

  /** Whether partitions are in the producer's open transaction, one answer each. */
  public void verify(
      ProducerOf producer,
      Collection<TopicPartition> partitions,
      Outbox out,
      CompletableFuture<Map<TopicPartition, Errors>> reply) {
    Transaction present = transactions.get(producer.transactionalId());
    Errors error = producer.check(present);
    Map<TopicPartition, Errors> answers = new LinkedHashMap<>();
    for (TopicPartition partition : partitions) {
      boolean absent = present == null || !present.partitions().contains(partition);
      answers.put(partition, error == Errors.NONE && absent ? Errors.TRANSACTION_ABORTABLE : error);
    }
    out.reply(reply, answers);
  }

  /** Commits or aborts; the answer leaves when the outcome is durable, before the markers. */
  public void end(EndRequest request, Outbox out, CompletableFuture<ProducerAnswer> reply) {
    end(request, Transaction.NO_PRODUCER_ID, out, reply);
  }

  private void end(
      EndRequest request, long newProducerId, Outbox out, CompletableFuture<ProducerAnswer> reply) {
    Transaction present = transactions.get(request.producer().transactionalId());
    switch (EndDecision.of(request, present, newProducerId, clock.wallMs())) {
      case EndDecision.Refused(Errors error) -> {
        if (error == Errors.INVALID_TXN_STATE) {
          LOG.warn(
              "A transaction cannot end so transactionalId={} state={} commit={}",
              request.producer().transactionalId(),
              present == null ? "none" : present.state().text(),
              request.commit());
        }
        out.reply(reply, ProducerAnswer.refused(error));
      }
      case EndDecision.EndedBefore(Transaction ended) -> out.reply(reply, ProducerAnswer.of(ended));
      case EndDecision.NeedsProducerId _ ->
          withNewProducerId(
              out,
              (given, later) -> end(request, given, later, reply),
              (error, later) -> later.reply(reply, ProducerAnswer.refused(error)));
      case EndDecision.Prepared(Transaction prepared) -> {
        prepare(prepared, out);
        // the producer goes on with what the transaction will leave behind
        out.reply(reply, ProducerAnswer.of(prepared.completed(clock.wallMs())));
      }
    }
  }

  public void describe(
      String transactionalId,
      Outbox out,
      CompletableFuture<DescribeTransactionsResponseData.TransactionState> reply) {
    Transaction present = transactions.get(transactionalId);
    DescribeTransactionsResponseData.TransactionState described =
        new DescribeTransactionsResponseData.TransactionState().setTransactionalId(transactionalId);
    if (present == null) {
      described.setErrorCode(Errors.TRANSACTIONAL_ID_NOT_FOUND.code());
    } else {
      described
          .setProducerId(present.producerId())
          .setProducerEpoch(present.producerEpoch())
          .setTransactionState(present.state().text())
          .setTransactionTimeoutMs(present.timeoutMs())
          .setTransactionStartTimeMs(present.startMs());
      for (TopicPartition partition : present.partitions()) {
        TopicData topic = described.topics().find(partition.topic());
        if (topic == null) {
          topic = new TopicData().setTopic(partition.topic());
          described.topics().add(topic);
        }
        topic.partitions().add(partition.partition());
      }
    }
    out.reply(reply, described);
  }

  public void list(
      TransactionFilter filter,
      Outbox out,
      CompletableFuture<List<ListTransactionsResponseData.TransactionState>> reply) {
    long nowMs = clock.wallMs();
    out.reply(
        reply,
        transactions.values().stream()
            .filter(transaction -> filter.accepts(transaction, nowMs))
            .map(transaction ->
                new ListTransactionsResponseData.TransactionState()
                    .setTransactionalId(transaction.transactionalId())
                    .setProducerId(transaction.producerId())
                    .setTransactionState(transaction.state().text()))
            .toList());
  }

  private void onAbortCheck(Outbox out) {
    out.recordsStandApart();
    forEach(transaction -> {
      if (transaction.state() != TransactionState.ONGOING) {
        return;
      }
      long ageMs = ages.ageMs(transaction.transactionalId());
      if (ageMs > transaction.timeoutMs()) {
        LOG.info(
            "A transaction is aborted, open for {} ms transactionalId={} producerId={}",
            ageMs,
            transaction.transactionalId(),
            transaction.producerId());
        fence(transaction, out);
      } else if (ages.worthRecording(transaction, settings.abortCheckMs())) {
        write(transaction.aged(ageMs), out);
      }
    });
    out.expiry(ABORT_TIMER, settings.abortCheckMs(), this::onAbortCheck);
  }

  /**
   * Forgets ids that have been idle for long. By wall time, which is all that records tell across
   * days; no safety rests on it: a forgotten id begins anew with another producer id.
   */
  private void onExpirationCheck(Outbox out) {
    out.recordsStandApart();
    if (wallClock.steady()) {
      long updatedMsMax = clock.wallMs() - settings.idExpirationMs();
      forEach(transaction -> {
        if (transaction.state().idle() && transaction.updatedMs() <= updatedMsMax) {
          CoordinatorRecord record = TransactionRecords.tombstone(transaction.transactionalId());
          out.write(record);
          replay(record);
          initialisedFrom.remove(transaction.transactionalId());
        }
      });
    }
    out.expiry(EXPIRE_TIMER, settings.expirationCheckMs(), this::onExpirationCheck);
  }

  private void forEach(Consumer<Transaction> action) {
    new ArrayList<>(transactions.values()).forEach(action);
  }

  /** A producer as it names itself. */
  public record ProducerOf(String transactionalId, long producerId, short producerEpoch) {
    /** Whether it is the producer of a transaction that may be open. */
    Errors check(@Nullable Transaction present) {
      if (present == null || present.producerId() != producerId) {
        return Errors.INVALID_PRODUCER_ID_MAPPING;
      }
      if (present.producerEpoch() != producerEpoch) {
        return Errors.PRODUCER_FENCED;
      }
      return present.state().ending() ? Errors.CONCURRENT_TRANSACTIONS : Errors.NONE;
    }
  }
}
