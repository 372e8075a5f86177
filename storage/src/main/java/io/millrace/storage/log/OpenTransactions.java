package io.millrace.storage.log;

import io.millrace.storage.object.Footer.AbortedTransaction;
import java.util.ArrayDeque;
import java.util.TreeSet;

/**
 * The transactions of one partition that have a batch in the log and no durable marker. What begins
 * and ends is told as it is handed to the WAL, what is durable as it becomes so: until its marker
 * is durable a transaction holds the last stable offset back. Changed in the partition's critical
 * section; any thread may ask for {@link #firstUnstable}.
 */
final class OpenTransactions {
  /** No transaction is open. */
  static final long NONE = Long.MAX_VALUE;

  private final TreeSet<Long> firstOffsets = new TreeSet<>();
  private final ArrayDeque<Ended> ended = new ArrayDeque<>();
  private volatile long firstUnstable = NONE;

  /** A transaction whose marker was handed over. */
  private record Ended(long producerId, long firstOffset, long markerOffset, boolean aborted) {}

  void begin(long firstOffset) {
    firstOffsets.add(firstOffset);
    firstUnstable = firstOffsets.first();
  }

  /** Markers end transactions in the order of their offsets. */
  void end(long producerId, long firstOffset, long markerOffset, boolean aborted) {
    ended.add(new Ended(producerId, firstOffset, markerOffset, aborted));
  }

  /**
   * The marker at this offset is durable. What it aborts is known as such before it counts as
   * stable.
   */
  void onDurableMarker(long offset, AbortedTail aborted) {
    Ended next = ended.peek();
    if (next == null || next.markerOffset() != offset) {
      return; // its producer had nothing open
    }
    ended.remove();
    firstOffsets.remove(next.firstOffset());
    long unstable = firstOffsets.isEmpty() ? NONE : firstOffsets.first();
    if (next.aborted()) {
      aborted.add(
          new AbortedTransaction(next.producerId(), next.firstOffset(), offset),
          Math.min(unstable, offset + 1));
    }
    firstUnstable = unstable;
  }

  /** First offset of the oldest; {@link #NONE} if there is none. */
  long firstUnstable() {
    return firstUnstable;
  }
}
