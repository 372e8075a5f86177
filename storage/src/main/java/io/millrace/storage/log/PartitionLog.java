package io.millrace.storage.log;

import io.millrace.storage.PartitionId;
import io.millrace.storage.object.Footer.AbortedTransaction;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.errors.ApiException;

/**
 * One open partition that this incarnation leads. Any thread may call; appends are ordered by its
 * critical section. Failures are Kafka's own exceptions (org.apache.kafka.common.errors), mapped to
 * error codes in one place by the broker.
 */
public interface PartitionLog {
  PartitionId id();

  int leaderEpoch();

  /** First readable offset. */
  long logStart();

  /** End of what is durable. */
  long highWatermark();

  /**
   * First offset of the oldest transaction whose marker is not durable, else the high watermark.
   */
  long lastStableOffset();

  /**
   * Completes once it is proven that this broker led the partition at some time after the call
   * (invariant I12); fails with NotLeaderOrFollowerException if it no longer does. What was read
   * from this log after the call may be answered then.
   */
  CompletableFuture<Void> proof();

  /**
   * Bytes of all batches from log start to the high watermark; asks the footers of the partition's
   * objects.
   */
  CompletableFuture<Long> sizeBytes();

  /** Who appends; decides which checks apply. */
  enum Origin {
    CLIENT,
    COORDINATOR
  }

  /**
   * Appends one validated batch. Writes base offset and leader epoch into {@code batch} (and the
   * append time, if given, with the CRC). The buffer must not change until the future completes,
   * which is when the batch (or the first copy of a duplicate) is durable.
   *
   * @param batch exactly one whole batch, position 0 to limit
   * @param appendTimeMs wall time for LogAppendTime topics, -1 to keep the producer's timestamps
   * @param guard what {@link #beginVerification} gave; only a transactional batch needs one, and
   *     only to open a transaction
   * @return for {@link Origin#COORDINATOR} a refusal has failed it already; for others it fails
   *     after a proof of leadership
   */
  CompletableFuture<Appended> append(
      ByteBuffer batch, long appendTimeMs, Origin origin, VerificationGuard guard);

  /** Appends a batch that opens no transaction. */
  default CompletableFuture<Appended> append(ByteBuffer batch, long appendTimeMs, Origin origin) {
    return append(batch, appendTimeMs, origin, VerificationGuard.NONE);
  }

  /**
   * Whether the log takes batches of {@link Origin#COORDINATOR} now. For those who change state
   * before they append: what they then append at once is refused only if many others do so too.
   */
  boolean hasRoom();

  /**
   * Completes when nothing that was handed over before waits to become durable any more; fails if
   * the log closes first.
   */
  CompletableFuture<Void> settled();

  /** Result of an append. */
  record Appended(
      long baseOffset, long lastOffset, long appendTimeMs, long logStart, boolean duplicate) {}

  /**
   * Ends the producer's transaction here: appends a control batch. The future completes when it is
   * durable. Fails with TransactionCoordinatorFencedException behind a marker of a higher
   * coordinator epoch, with InvalidProducerEpochException behind a higher producer epoch or, from
   * transaction version 2 on, while a transaction of that very epoch is open.
   */
  CompletableFuture<Appended> appendMarker(TransactionMarker marker);

  /** Whether a transaction of that producer, opened at that epoch, is open in this partition. */
  boolean hasOpenTransaction(long producerId, short producerEpoch);

  /**
   * Before the transaction coordinator is asked whether a producer may open a transaction here.
   * {@link VerificationGuard#NONE} says that its transaction is open already and nobody need be
   * asked; any other guard admits its first batch, if no marker came in between.
   *
   * @param firstSequence of the batch that waits for the answer, -1 if it has none
   * @param epochBumps whether the producer raises its epoch with every transaction (transaction
   *     version 2), so that a new one begins with sequence 0
   */
  VerificationGuard beginVerification(
      long producerId, short producerEpoch, int firstSequence, boolean epochBumps);

  /**
   * Why a transactional batch of {@link Origin#COORDINATOR} would be refused now; empty if it would
   * not. For those who change state before they append.
   */
  Optional<ApiException> transactionalRefusal(
      long producerId, short producerEpoch, VerificationGuard guard);

  /** Those of whom this partition keeps state, by producer id. */
  List<ActiveProducer> activeProducers();

  /**
   * What is known of a producer, batches that are not durable yet included.
   *
   * @param lastSequence -1 if no batch of this epoch is known
   * @param lastTimestamp of its last batch or marker
   * @param coordinatorEpoch of its last marker, -1 if there was none
   * @param transactionFirstOffset of its open transaction, -1 if there is none
   */
  record ActiveProducer(
      long producerId,
      short producerEpoch,
      int lastSequence,
      long lastTimestamp,
      int coordinatorEpoch,
      long transactionFirstOffset) {}

  /** What a reader may see. */
  enum Isolation {
    READ_UNCOMMITTED,
    READ_COMMITTED
  }

  /**
   * Whole batches from the one that holds {@code offset}. At the end of what is visible the slice
   * is empty.
   *
   * @param bytesMax limit; the first batch is returned even if larger when {@code atLeastOne}
   * @throws org.apache.kafka.common.errors.OffsetOutOfRangeException (in the future) below log
   *     start or above the end
   */
  CompletableFuture<LogSlice> read(
      long offset, int bytesMax, boolean atLeastOne, Isolation isolation);

  /**
   * Bytes lent out; {@link #release} gives them back, exactly once, after they were written to the
   * network.
   */
  interface LogSlice {
    List<ByteBuffer> buffers();

    int sizeBytes();

    long highWatermark();

    long lastStableOffset();

    long logStart();

    List<AbortedTransaction> abortedTransactions();

    void release();
  }

  /** An offset with its timestamp and leader epoch. */
  record OffsetAtTime(long offset, long timestamp, int leaderEpoch) {}

  /** First record at or after a time, by record timestamps; empty if none. */
  CompletableFuture<Optional<OffsetAtTime>> firstAtOrAfter(long timestampMs);

  /** The record with the largest timestamp; empty if there is none. */
  CompletableFuture<Optional<OffsetAtTime>> maxTimestamp();

  /** Leader epoch that wrote {@code offset}, -1 if none is known. */
  int epochAt(long offset);

  /**
   * Largest epoch &lt;= {@code leaderEpoch} and where it ends, as Kafka answers
   * OffsetForLeaderEpoch.
   */
  EpochEnd endOfEpoch(int leaderEpoch);

  /** -1, -1 if unknown. */
  record EpochEnd(int leaderEpoch, long endOffset) {}

  /**
   * Runs {@code listener} once, when the high watermark or last stable offset moves, the partition
   * closes, or its topic is deleted.
   *
   * @return removes the listener; no effect once it ran
   */
  Runnable onChange(Runnable listener);
}
