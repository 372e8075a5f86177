package io.millrace.storage.object;

import io.millrace.storage.object.Footer.BatchSequence;
import io.millrace.storage.object.Footer.ProducerSnapshot;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** The bytes of one producer's state, the same in footers and in checkpoints. */
final class ProducerCodec {
  /** Without its batches. */
  static final int PRODUCER_BYTES = 8 + 2 + 8 + 8 + 4 + 8 + 8 + 1;

  static final int BATCH_BYTES = 4 + 4 + 8 + 4 + 8;

  private ProducerCodec() {}

  static long bytes(ProducerSnapshot p) {
    return PRODUCER_BYTES + (long) p.batches().size() * BATCH_BYTES;
  }

  static void put(ByteBuffer out, ProducerSnapshot p) {
    out.putLong(p.producerId());
    out.putShort(p.producerEpoch());
    out.putLong(p.lastTimestamp());
    out.putLong(p.idleAgeMs());
    out.putInt(p.coordinatorEpoch());
    out.putLong(p.transactionFirstOffset());
    out.putLong(p.transactionAgeMs());
    out.put((byte) p.batches().size());
    for (BatchSequence b : p.batches()) {
      out.putInt(b.firstSequence());
      out.putInt(b.lastSequence());
      out.putLong(b.lastOffset());
      out.putInt(b.offsetDelta());
      out.putLong(b.timestamp());
    }
  }

  static ProducerSnapshot read(ByteCursor in) {
    long producerId = in.i64();
    short epoch = in.i16();
    long lastTimestamp = in.i64();
    long idleAgeMs = in.i64();
    int coordinatorEpoch = in.i32();
    long transactionFirstOffset = in.i64();
    long transactionAgeMs = in.i64();
    int count = in.u8();
    if (producerId < 0
        || idleAgeMs < 0
        || transactionAgeMs < 0
        || count > ProducerDraft.BATCHES_KEPT) {
      throw in.corrupt("producer %d has impossible state".formatted(producerId));
    }
    List<BatchSequence> batches = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      batches.add(new BatchSequence(in.i32(), in.i32(), in.i64(), in.i32(), in.i64()));
    }
    return new ProducerSnapshot(
        producerId,
        epoch,
        List.copyOf(batches),
        lastTimestamp,
        idleAgeMs,
        coordinatorEpoch,
        transactionFirstOffset,
        transactionAgeMs);
  }
}
