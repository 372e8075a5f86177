package io.millrace.storage.log;

import java.util.ArrayDeque;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The transactions of one partition that have a batch in the log and no durable marker. What begins
 * and ends is told as it is handed to the WAL, what is durable as it becomes so: until its marker
 * is durable a transaction holds the last stable offset back. Owned by the partition's critical
 * section.
 */
final class OpenTransactions {
  /** No transaction is open. */
  static final long NONE = Long.MAX_VALUE;

  private final TreeSet<Long> firstOffsets = new TreeSet<>();
  private final ArrayDeque<Ended> ended = new ArrayDeque<>();

  /** A transaction whose marker was handed over. */
  record Ended(long producerId, long firstOffset, long markerOffset, boolean aborted) {}

  void begin(long firstOffset) {
    firstOffsets.add(firstOffset);
  }

  /** Markers end transactions in the order of their offsets. */
  void end(long producerId, long firstOffset, long markerOffset, boolean aborted) {
    ended.add(new Ended(producerId, firstOffset, markerOffset, aborted));
  }

  /** The transaction that the marker at this offset, now durable, ends; null if it ends none. */
  @Nullable Ended onDurableMarker(long offset) {
    Ended next = ended.peek();
    if (next == null || next.markerOffset() != offset) {
      return null;
    }
    firstOffsets.remove(next.firstOffset());
    return ended.remove();
  }

  /** First offset of the oldest; {@link #NONE} if there is none. */
  long firstUnstable() {
    return firstOffsets.isEmpty() ? NONE : firstOffsets.first();
  }
}
