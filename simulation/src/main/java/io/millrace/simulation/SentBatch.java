package io.millrace.simulation;

import io.millrace.simulation.TransactionLedger.Transaction;
import io.millrace.storage.WriterId;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A batch on its way from a producer; sent again, unchanged, until its fate is known. */
final class SentBatch {
  final String name;
  final int number;
  final boolean idempotent;
  final ByteBuffer bytes;
  final @Nullable Transaction transaction;
  private final Map<WriterId, Integer> attempts = new HashMap<>();
  private final Map<WriterId, Integer> refusals = new HashMap<>();
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

  /** Bytes for one attempt at a broker; it writes into them. */
  ByteBuffer attempt(WriterId at) {
    attempts.merge(at, 1, Integer::sum);
    ByteBuffer copy = ByteBuffer.allocate(bytes.remaining());
    copy.put(bytes.duplicate()).flip();
    return copy;
  }

  /** An attempt was answered with an error that says that nothing was written. */
  void refused(WriterId by) {
    refusals.merge(by, 1, Integer::sum);
  }

  /** Incarnations all of whose answers say that they have not written it. */
  List<WriterId> refusedBy() {
    return refusals.entrySet().stream()
        .filter(refused -> refused.getValue().equals(attempts.get(refused.getKey())))
        .map(Map.Entry::getKey)
        .toList();
  }

  /** Attempts of which the client was not told that they wrote nothing. */
  int copiesMax() {
    return idempotent ? 1 : sum(attempts) - sum(refusals);
  }

  private static int sum(Map<WriterId, Integer> counts) {
    return counts.values().stream().mapToInt(Integer::intValue).sum();
  }

  /** Offset of the first acknowledgement, -1 before it. */
  long acknowledgedAt() {
    return acknowledgedAt;
  }

  void acknowledgedAt(long offset) {
    acknowledgedAt = offset;
  }
}
