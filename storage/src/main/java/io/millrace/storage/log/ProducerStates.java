package io.millrace.storage.log;

import io.millrace.protocol.batch.BatchHeader;
import io.millrace.storage.log.PartitionLog.ActiveProducer;
import io.millrace.storage.log.PartitionLog.Origin;
import io.millrace.storage.object.Footer.BatchSequence;
import io.millrace.storage.object.Footer.ProducerSnapshot;
import java.nio.ByteBuffer;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.InvalidTxnStateException;
import org.apache.kafka.common.errors.OutOfOrderSequenceException;
import org.apache.kafka.common.errors.TransactionCoordinatorFencedException;
import org.jspecify.annotations.Nullable;

/**
 * The producers of one partition, as far as batches handed to the WAL tell: epoch, last few batches
 * and open transaction of each. Owned by the partition's critical section. {@code check} decides as
 * Apache Kafka does and changes nothing; {@code accept} is told of what was handed over. Idle age
 * is monotonic time, carried on from former leaders.
 */
final class ProducerStates {
  private final Map<Long, Producer> producers = new LinkedHashMap<>();
  private final Verifications verifications = new Verifications();
  private final OpenTransactions transactions = new OpenTransactions();

  /** What to do with a batch. */
  sealed interface Verdict {
    /** It follows; append it. */
    record Accept() implements Verdict {}

    /** It was appended before, at these offsets. */
    record Duplicate(BatchSequence first) implements Verdict {}

    /** It may not be appended. */
    record Refused(ApiException reason) implements Verdict {}
  }

  private static final Verdict ACCEPT = new Verdict.Accept();

  /**
   * @param opened the state at the partition's end when it was opened
   * @param nowNs monotonic time of the opening
   */
  ProducerStates(List<ProducerSnapshot> opened, long nowNs) {
    for (ProducerSnapshot snapshot : opened) {
      producers.put(snapshot.producerId(), new Producer(snapshot, nowNs));
      if (snapshot.transactionFirstOffset() >= 0) {
        transactions.begin(snapshot.transactionFirstOffset());
      }
    }
  }

  /** Those with a batch here and no durable marker. */
  OpenTransactions transactions() {
    return transactions;
  }

  Verdict check(ByteBuffer batch, Origin origin, VerificationGuard guard) {
    long id = BatchHeader.producerId(batch, 0);
    if (id < 0) {
      return ACCEPT;
    }
    Producer producer = producers.get(id);
    boolean client = origin == Origin.CLIENT;
    BatchSequence earlier = client && producer != null ? producer.find(batch) : null;
    if (earlier != null) {
      return new Verdict.Duplicate(earlier);
    }
    boolean transactional = BatchHeader.transactional(batch, 0);
    ApiException refusal =
        transactional ? transactionalRefusal(id, BatchHeader.producerEpoch(batch, 0), guard) : null;
    if (refusal == null && producer != null) {
      refusal = epochRefusal(id, producer, BatchHeader.producerEpoch(batch, 0));
    }
    if (refusal == null && client) {
      refusal = sequenceRefusal(id, producer, batch);
    }
    if (refusal == null && !transactional && producer != null && producer.inTransaction()) {
      refusal =
          new InvalidTxnStateException(
              "Producer %d has an open transaction; the batch belongs to none.".formatted(id));
    }
    return refusal == null ? ACCEPT : new Verdict.Refused(refusal);
  }

  /** Why a transactional batch is refused before its sequence is looked at; null if it is not. */
  @Nullable ApiException transactionalRefusal(long id, short epoch, VerificationGuard guard) {
    if (!hasOpenTransaction(id, epoch) && !verifications.admits(id, guard)) {
      return new InvalidTxnStateException(
          "Producer %d has no open transaction at epoch %d, and the coordinator has not confirmed one."
              .formatted(id, epoch));
    }
    Producer producer = producers.get(id);
    return producer == null ? null : epochRefusal(id, producer, epoch);
  }

  private static @Nullable ApiException epochRefusal(long id, Producer producer, short epoch) {
    return epoch >= producer.epoch()
        ? null
        : new InvalidProducerEpochException(
            "Producer %d writes with epoch %d; epoch %d has been seen."
                .formatted(id, epoch, producer.epoch()));
  }

  private @Nullable ApiException sequenceRefusal(
      long id, @Nullable Producer producer, ByteBuffer batch) {
    int first = BatchHeader.baseSequence(batch, 0);
    short epoch = BatchHeader.producerEpoch(batch, 0);
    // a former epoch that asks again must not disturb a transaction that is open
    ApiException refusal =
        hasOpenTransaction(id, epoch) ? null : verifications.sequenceRefusal(id, producer, first);
    if (refusal != null || producer == null) {
      // a producer that is not known may begin anywhere: its state may have expired
      return refusal;
    }
    if (epoch != producer.epoch()) {
      return first == 0
          ? null
          : new OutOfOrderSequenceException(
              "Producer %d begins epoch %d with sequence %d; a new epoch begins with 0."
                  .formatted(id, epoch, first));
    }
    return follows(producer.lastSequence(), first)
        ? null
        : new OutOfOrderSequenceException(
            "Producer %d writes sequence %d; its last was %d."
                .formatted(id, first, producer.lastSequence()));
  }

  /** Takes note of a batch that was handed to the WAL, its offsets assigned. */
  void accept(ByteBuffer batch, long nowNs) {
    long id = BatchHeader.producerId(batch, 0);
    if (id < 0) {
      return;
    }
    short epoch = BatchHeader.producerEpoch(batch, 0);
    Producer producer = producers.computeIfAbsent(id, _ -> new Producer(epoch, nowNs));
    producer.append(batch, nowNs);
    if (BatchHeader.transactional(batch, 0)) {
      verifications.forget(id);
      if (producer.begin(BatchHeader.baseOffset(batch, 0))) {
        transactions.begin(BatchHeader.baseOffset(batch, 0));
      }
    }
  }

  /** Null if the marker may be appended. */
  @Nullable ApiException refusal(TransactionMarker marker) {
    long id = marker.producerId();
    Producer producer = producers.get(id);
    if (producer == null) {
      return null;
    }
    short epoch = marker.producerEpoch();
    // the same marker again is no harm, until the next transaction has begun
    boolean late =
        producer.inTransaction()
            ? marker.endedEpoch() < producer.epoch()
            : epoch < producer.epoch();
    if (late) {
      return new InvalidProducerEpochException(
          "A marker ends transactions of producer %d with epoch %d; epoch %d has been seen."
              .formatted(id, epoch, producer.epoch()));
    }
    return marker.coordinatorEpoch() >= producer.coordinatorEpoch()
        ? null
        : new TransactionCoordinatorFencedException(
            "A marker for producer %d comes from coordinator epoch %d; epoch %d has been seen."
                .formatted(id, marker.coordinatorEpoch(), producer.coordinatorEpoch()));
  }

  /** Takes note of a marker that was handed to the WAL. */
  void accept(TransactionMarker marker, long offset, long timestampMs, long nowNs) {
    long id = marker.producerId();
    verifications.forgetUpTo(id, marker.endedEpoch());
    Producer producer =
        producers.computeIfAbsent(id, _ -> new Producer(marker.producerEpoch(), nowNs));
    long first = producer.end(marker, timestampMs, nowNs);
    if (first >= 0) {
      transactions.end(id, first, offset, !marker.committed());
    }
  }

  boolean hasOpenTransaction(long id, short epoch) {
    Producer producer = producers.get(id);
    return producer != null && producer.inTransaction() && producer.epoch() == epoch;
  }

  VerificationGuard beginVerification(
      long id, short epoch, int firstSequence, boolean epochBumps, long nowNs) {
    return hasOpenTransaction(id, epoch)
        ? VerificationGuard.NONE
        : verifications.begin(id, epoch, firstSequence, epochBumps, nowNs);
  }

  /**
   * Takes note of a batch for which there was no room: if its producer begins with it, what it sent
   * after it must not come first.
   */
  void notTaken(ByteBuffer batch, long nowNs) {
    long id = BatchHeader.producerId(batch, 0);
    if (id >= 0 && BatchHeader.baseSequence(batch, 0) == 0) {
      producers.computeIfAbsent(id, _ -> new Producer(BatchHeader.producerEpoch(batch, 0), nowNs));
    }
  }

  /** Forgets producers that have not written for {@code idleMaxMs} and have nothing open. */
  void expire(long nowNs, long idleMaxMs) {
    long idleMaxNs = TimeUnit.MILLISECONDS.toNanos(idleMaxMs);
    producers
        .values()
        .removeIf(
            producer -> !producer.inTransaction() && nowNs - producer.lastWriteNs() >= idleMaxNs);
    verifications.expire(nowNs, idleMaxNs);
  }

  /** By producer id. */
  List<ActiveProducer> active() {
    return producers.entrySet().stream()
        .map(entry -> entry.getValue().active(entry.getKey()))
        .sorted(Comparator.comparingLong(ActiveProducer::producerId))
        .toList();
  }

  int size() {
    return producers.size();
  }

  private static boolean follows(int last, int next) {
    return next == last + 1L || (next == 0 && last == Integer.MAX_VALUE);
  }
}
