package io.millrace.storage.log;

import io.millrace.storage.PartitionId;
import io.millrace.storage.log.PartitionLog.OffsetAtTime;
import io.millrace.storage.object.Footer.AbortedTransaction;
import io.millrace.storage.object.ObjectCatalog.Span;
import io.millrace.storage.object.ObjectReader;
import io.millrace.storage.object.ObjectReader.Source;
import io.millrace.storage.object.TimedOffset;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** One partition's view of the objects. */
record ObjectHistory(PartitionId id, ObjectReader reader) implements History {
  @Override
  public CompletableFuture<Batches> read(
      long offset, long endOffset, int bytesMax, boolean atLeastOne) {
    return reader
        .read(id, offset, endOffset, bytesMax, atLeastOne)
        .thenApply(lent ->
            new Batches(
                lent.bytes().hasRemaining() ? List.of(lent.bytes()) : List.of(),
                lent.endOffset(),
                lent.source(),
                lent.release()));
  }

  @Override
  public CompletableFuture<Optional<List<AbortedTransaction>>> abortedTransactions(
      Source source, long from, long to, long markersEnd) {
    return reader.abortedTransactions(id, source, from, to, markersEnd);
  }

  @Override
  public CompletableFuture<Size> size(long from) {
    return reader.size(id, from).thenApply(size -> new Size(size.bytes(), size.endOffset()));
  }

  @Override
  public CompletableFuture<List<Span>> spans(long from, long bytes) {
    return reader.spans(id, from, bytes);
  }

  @Override
  public CompletableFuture<Optional<OffsetAtTime>> firstAtOrAfter(
      long timestampMs, long from, long to) {
    return reader
        .firstAtOrAfter(id, timestampMs, from, to)
        .thenApply(found -> found.map(ObjectHistory::of));
  }

  @Override
  public CompletableFuture<Optional<OffsetAtTime>> maxTimestamp(long from, long to) {
    return reader.maxTimestamp(id, from, to).thenApply(found -> found.map(ObjectHistory::of));
  }

  private static OffsetAtTime of(TimedOffset found) {
    return new OffsetAtTime(found.offset(), found.timestamp(), found.leaderEpoch());
  }
}
