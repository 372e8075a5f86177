package io.millrace.storage.log;

import io.millrace.protocol.batch.BatchHeader;
import io.millrace.storage.log.PartitionLog.OffsetAtTime;
import io.millrace.storage.log.TailIndex.Ref;
import io.millrace.storage.log.TailReader.Loaded;
import java.nio.ByteBuffer;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** Finds records of a partition by time: first in its objects, then in its tail. */
final class TimeSearch {
  private final History history;
  private final TailIndex tail;
  private final TailReader tailReader;

  TimeSearch(History history, TailIndex tail, TailReader tailReader) {
    this.history = history;
    this.tail = tail;
    this.tailReader = tailReader;
  }

  /** Among offsets [{@code from}, {@code to}). */
  CompletableFuture<Optional<OffsetAtTime>> firstAtOrAfter(long timestampMs, long from, long to) {
    // refs may be dropped while objects are searched, but then objects hold them
    List<Ref> refs =
        tail.matching(ref -> ref.maxTimestamp() >= timestampMs && ref.endOffset() > from);
    long tailStart = Math.min(tail.firstOffset(), to);
    if (from >= tailStart) {
      return firstInTail(refs.iterator(), timestampMs, from);
    }
    return history
        .firstAtOrAfter(timestampMs, from, tailStart)
        .thenCompose(found ->
            found.isPresent()
                ? CompletableFuture.completedFuture(found)
                : firstInTail(refs.iterator(), timestampMs, from));
  }

  /** Among offsets [{@code from}, {@code to}); of several with the same time, the first. */
  CompletableFuture<Optional<OffsetAtTime>> maxTimestamp(long from, long to) {
    Optional<Ref> newest =
        tail.matching(ref -> ref.endOffset() > from).stream()
            .max(
                Comparator.comparingLong(Ref::maxTimestamp)
                    .thenComparing(Ref::baseOffset, Comparator.reverseOrder()));
    long tailStart = Math.min(tail.firstOffset(), to);
    CompletableFuture<Optional<OffsetAtTime>> older =
        from >= tailStart
            ? CompletableFuture.completedFuture(Optional.empty())
            : history.maxTimestamp(from, tailStart);
    return older.thenCompose(found -> {
      if (newest.isEmpty()
          || (found.isPresent() && found.get().timestamp() >= newest.get().maxTimestamp())) {
        return CompletableFuture.completedFuture(found);
      }
      return firstInTail(List.of(newest.get()).iterator(), newest.get().maxTimestamp(), from);
    });
  }

  private CompletableFuture<Optional<OffsetAtTime>> firstInTail(
      Iterator<Ref> refs, long timestampMs, long from) {
    if (!refs.hasNext()) {
      return CompletableFuture.completedFuture(Optional.empty());
    }
    return tailReader
        .load(refs.next())
        .thenCompose(loaded -> {
          Optional<OffsetAtTime> found = firstIn(loaded, timestampMs, from);
          return found.isPresent()
              ? CompletableFuture.completedFuture(found)
              : firstInTail(refs, timestampMs, from);
        });
  }

  private static Optional<OffsetAtTime> firstIn(Loaded loaded, long timestampMs, long from) {
    try {
      ByteBuffer b = loaded.bytes();
      for (int at = 0; at < b.limit(); at = BatchSpan.next(b, at, b.limit())) {
        if (BatchHeader.maxTimestamp(b, at) >= timestampMs
            && BatchHeader.lastOffset(b, at) >= from) {
          Optional<OffsetAtTime> found = RecordTimes.firstAtOrAfter(b, at, timestampMs, from);
          if (found.isPresent()) {
            return found;
          }
        }
      }
      return Optional.empty();
    } finally {
      loaded.release();
    }
  }
}
