package io.millrace.storage.log;

import io.millrace.protocol.batch.BatchHeader;
import io.millrace.storage.log.PartitionLog.ActiveProducer;
import io.millrace.storage.object.Footer.BatchSequence;
import io.millrace.storage.object.Footer.ProducerSnapshot;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** What {@link ProducerStates} knows of one producer. */
final class Producer {
  /** Batches remembered: as many as an idempotent producer has in flight. */
  static final int BATCHES_MAX = 5;

  private static final int NO_SEQUENCE = -1;
  private static final int NO_EPOCH = -1;
  private static final long NO_TRANSACTION = -1;

  private final Deque<BatchSequence> batches = new ArrayDeque<>(BATCHES_MAX);
  private short epoch;
  private long lastWriteNs;
  private long lastTimestamp = -1;
  private int coordinatorEpoch = NO_EPOCH;
  private long transactionFirstOffset = NO_TRANSACTION;

  Producer(short epoch, long lastWriteNs) {
    this.epoch = epoch;
    this.lastWriteNs = lastWriteNs;
  }

  Producer(ProducerSnapshot snapshot, long nowNs) {
    this(snapshot.producerEpoch(), nowNs - TimeUnit.MILLISECONDS.toNanos(snapshot.idleAgeMs()));
    batches.addAll(snapshot.batches());
    lastTimestamp = snapshot.lastTimestamp();
    coordinatorEpoch = snapshot.coordinatorEpoch();
    transactionFirstOffset = snapshot.transactionFirstOffset();
  }

  short epoch() {
    return epoch;
  }

  long lastWriteNs() {
    return lastWriteNs;
  }

  /** Of its last marker, -1 if there was none. */
  int coordinatorEpoch() {
    return coordinatorEpoch;
  }

  boolean inTransaction() {
    return transactionFirstOffset >= 0;
  }

  /** Whether no batch of its epoch is known. */
  boolean hasNoBatches() {
    return batches.isEmpty();
  }

  int lastSequence() {
    return batches.isEmpty() ? NO_SEQUENCE : batches.getLast().lastSequence();
  }

  /** The batch of the same epoch and sequences that was appended before, null if none is known. */
  @Nullable BatchSequence find(ByteBuffer batch) {
    if (BatchHeader.producerEpoch(batch, 0) != epoch) {
      return null;
    }
    int first = BatchHeader.baseSequence(batch, 0);
    int last = BatchHeader.lastSequence(batch, 0);
    for (BatchSequence known : batches) {
      if (known.firstSequence() == first && known.lastSequence() == last) {
        return known;
      }
    }
    return null;
  }

  void append(ByteBuffer batch, long nowNs) {
    moveTo(BatchHeader.producerEpoch(batch, 0));
    lastWriteNs = nowNs;
    lastTimestamp = BatchHeader.maxTimestamp(batch, 0);
    if (batches.size() == BATCHES_MAX) {
      batches.removeFirst();
    }
    batches.addLast(
        new BatchSequence(
            BatchHeader.baseSequence(batch, 0),
            BatchHeader.lastSequence(batch, 0),
            BatchHeader.lastOffset(batch, 0),
            BatchHeader.lastOffsetDelta(batch, 0),
            lastTimestamp));
  }

  /** Whether a transaction begins at this offset; it does not if one is open. */
  boolean begin(long offset) {
    if (inTransaction()) {
      return false;
    }
    transactionFirstOffset = offset;
    return true;
  }

  /** First offset of the transaction that ends, -1 if none was open. */
  long end(TransactionMarker marker, long timestampMs, long nowNs) {
    moveTo(marker.producerEpoch());
    lastWriteNs = nowNs;
    lastTimestamp = timestampMs;
    coordinatorEpoch = marker.coordinatorEpoch();
    long first = transactionFirstOffset;
    transactionFirstOffset = NO_TRANSACTION;
    return first;
  }

  ActiveProducer active(long producerId) {
    return new ActiveProducer(
        producerId, epoch, lastSequence(), lastTimestamp, coordinatorEpoch, transactionFirstOffset);
  }

  /** A new epoch numbers its batches anew. */
  private void moveTo(short next) {
    if (next != epoch) {
      epoch = next;
      batches.clear();
    }
  }
}
