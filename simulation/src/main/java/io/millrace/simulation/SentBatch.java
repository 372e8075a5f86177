package io.millrace.simulation;

import io.millrace.simulation.TransactionLedger.Transaction;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** A batch on its way from a producer; sent again, unchanged, until its fate is known. */
final class SentBatch {
  final String name;
  final int number;
  final boolean idempotent;
  final ByteBuffer bytes;
  final @Nullable Transaction transaction;
  private int attempts;
  private int refusals;
  private long acknowledgedAt = -1;

  SentBatch(String name, int number, boolean idempotent, ByteBuffer bytes) {
    this(name, number, idempotent, bytes, null);
  }

  SentBatch(
      String name,
      int number,
      boolean idempotent,
      ByteBuffer bytes,
      @Nullable Transaction transaction) {
    this.name = name;
    this.number = number;
    this.idempotent = idempotent;
    this.bytes = bytes;
    this.transaction = transaction;
  }

  /** Bytes for one attempt; the broker writes into them. */
  ByteBuffer attempt() {
    attempts++;
    ByteBuffer copy = ByteBuffer.allocate(bytes.remaining());
    copy.put(bytes.duplicate()).flip();
    return copy;
  }

  /** An attempt was answered with an error that says that nothing was written. */
  void refused() {
    refusals++;
  }

  /** Attempts of which the client was not told that they wrote nothing. */
  int copiesMax() {
    return idempotent ? 1 : attempts - refusals;
  }

  /** Offset of the first acknowledgement, -1 before it. */
  long acknowledgedAt() {
    return acknowledgedAt;
  }

  void acknowledgedAt(long offset) {
    acknowledgedAt = offset;
  }
}
