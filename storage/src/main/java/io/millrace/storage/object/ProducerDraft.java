package io.millrace.storage.object;

import io.millrace.protocol.batch.BatchHeader;
import io.millrace.storage.object.Footer.BatchSequence;
import io.millrace.storage.object.Footer.ProducerSnapshot;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * One producer's state while the batches of an object are added up. Idle and transaction ages are
 * 0: a footer knows no time.
 */
final class ProducerDraft {
  /** As many as Kafka's clients may have in flight with idempotence. */
  static final int BATCHES_KEPT = 5;

  private final long producerId;
  private final List<BatchSequence> batches = new ArrayList<>(BATCHES_KEPT);
  private short epoch;
  private long lastTimestamp = -1;
  private int coordinatorEpoch = -1;
  private long transactionFirstOffset = -1;

  ProducerDraft(long producerId, short epoch) {
    this.producerId = producerId;
    this.epoch = epoch;
  }

  int batchCount() {
    return batches.size();
  }

  void addData(ByteBuffer b, int at) {
    moveToEpoch(BatchHeader.producerEpoch(b, at));
    int delta = BatchHeader.lastOffsetDelta(b, at);
    if (batches.size() == BATCHES_KEPT) {
      batches.removeFirst();
    }
    lastTimestamp = BatchHeader.maxTimestamp(b, at);
    batches.add(
        new BatchSequence(
            BatchHeader.baseSequence(b, at),
            BatchHeader.lastSequence(b, at),
            BatchHeader.lastOffset(b, at),
            delta,
            lastTimestamp));
    if (BatchHeader.transactional(b, at) && transactionFirstOffset < 0) {
      transactionFirstOffset = BatchHeader.baseOffset(b, at);
    }
  }

  /**
   * Ends the open transaction.
   *
   * @return its first offset in the object: since this producer's last marker, or else {@code
   *     baseOffset}, for then it may have begun before the object did
   */
  long addMarker(ByteBuffer b, int at, ControlMarker marker, long baseOffset) {
    moveToEpoch(BatchHeader.producerEpoch(b, at));
    long first =
        transactionFirstOffset < 0 ? BatchHeader.baseOffset(b, at) : transactionFirstOffset;
    boolean sawMarker = coordinatorEpoch >= 0;
    lastTimestamp = BatchHeader.maxTimestamp(b, at);
    coordinatorEpoch = marker.coordinatorEpoch();
    transactionFirstOffset = -1;
    return sawMarker ? first : baseOffset;
  }

  ProducerSnapshot snapshot() {
    return new ProducerSnapshot(
        producerId,
        epoch,
        List.copyOf(batches),
        lastTimestamp,
        0,
        coordinatorEpoch,
        transactionFirstOffset,
        0);
  }

  /** A new epoch numbers its batches anew. */
  private void moveToEpoch(short next) {
    if (next != epoch) {
      epoch = next;
      batches.clear();
    }
  }
}
