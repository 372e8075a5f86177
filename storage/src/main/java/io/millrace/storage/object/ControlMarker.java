package io.millrace.storage.object;

import io.millrace.protocol.batch.BatchHeader;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The end of a transaction as its control batch says it. Layout: Kafka documentation, "Control
 * Batches" (key: version, type; value: version, coordinator epoch).
 *
 * @param coordinatorEpoch never below 0; a negative one in the record counts as 0
 */
record ControlMarker(boolean abort, int coordinatorEpoch) {
  private static final short ABORT = 0;
  private static final short COMMIT = 1;

  /** Null for control batches that end no transaction. */
  static @Nullable ControlMarker read(ByteBuffer b, int at) {
    int end = at + BatchHeader.sizeBytes(b, at);
    Cursor in = new Cursor(b, at + BatchHeader.HEADER_BYTES, end);
    in.varint(); // length of the record
    in.skip(1); // attributes
    in.varint(); // timestamp delta
    in.varint(); // offset delta
    if (in.varint() < 4) {
      throw new IllegalArgumentException("a control record's key has four bytes or more");
    }
    int key = in.at;
    short type = b.getShort(key + 2);
    if (type != ABORT && type != COMMIT) {
      return null;
    }
    in.skip(4);
    if (in.varint() < 6) {
      throw new IllegalArgumentException("a transaction marker's value has six bytes or more");
    }
    in.skip(6);
    return new ControlMarker(type == ABORT, Math.max(0, b.getInt(in.at - 4)));
  }

  /** Reads Kafka's zigzag variable-length integers. */
  private static final class Cursor {
    private final ByteBuffer b;
    private final int end;
    private int at;

    Cursor(ByteBuffer b, int at, int end) {
      this.b = b;
      this.at = at;
      this.end = end;
    }

    long varint() {
      long raw = 0;
      for (int shift = 0; shift < 64; shift += 7) {
        skip(1);
        byte next = b.get(at - 1);
        raw |= (long) (next & 0x7f) << shift;
        if (next >= 0) {
          return (raw >>> 1) ^ -(raw & 1);
        }
      }
      throw new IllegalArgumentException("an integer of a control record does not end");
    }

    void skip(int bytes) {
      if (bytes > end - at) {
        throw new IllegalArgumentException("a control record ends early");
      }
      at += bytes;
    }
  }
}
