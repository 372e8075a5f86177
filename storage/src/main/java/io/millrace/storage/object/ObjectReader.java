package io.millrace.storage.object;

import io.millrace.objectstore.ObjectStore;
import io.millrace.protocol.batch.BatchHeader;
import io.millrace.storage.PartitionId;
import io.millrace.storage.cache.Block;
import io.millrace.storage.cache.BlockCache;
import io.millrace.storage.cache.BlocksLentException;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.object.Footer.AbortedTransaction;
import io.millrace.storage.object.Footer.PartitionFooter;
import io.millrace.storage.object.Footer.Run;
import io.millrace.storage.object.ObjectCatalog.Part;
import io.millrace.storage.object.ObjectCatalog.Span;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Reads what lies in listed objects, by the newest image. Any thread may call. Every batch served
 * had its CRC checked when its block was loaded, and its offsets compared with the footer. Futures
 * fail with {@link ObjectCorruptException} (CORRUPT_MESSAGE) or {@link StoreUnavailableException}
 * (KAFKA_STORAGE_ERROR).
 */
public final class ObjectReader {
  private final ObjectCatalog catalog;
  private final BlockReader blocks;

  public ObjectReader(
      ObjectStore store,
      MetadataLog metadata,
      ObjectCatalog catalog,
      BlockCache cache,
      ObjectPins pins,
      DamageLog damage) {
    this.catalog = catalog;
    this.blocks = new BlockReader(store, cache, metadata, pins, damage);
  }

  /**
   * Whole batches lent out; {@link #release} gives them back, exactly once.
   *
   * @param bytes position to limit; empty if there is nothing to read
   * @param endOffset one past the last offset in it; the offset asked for if empty
   * @param source null if empty
   */
  public record Lent(ByteBuffer bytes, long endOffset, @Nullable Source source, Runnable release) {}

  /**
   * The object that batches were read from.
   *
   * @param compactedTo as in {@link PartitionFooter}
   */
  public record Source(String key, long compactedTo) {}

  /**
   * Whole batches from the one that holds {@code offset} (or the first above it) on, that begin
   * below {@code endOffset}; as many as one block has.
   *
   * @param bytesMax limit; the first batch is returned even if larger when {@code atLeastOne}
   */
  public CompletableFuture<Lent> read(
      PartitionId id, long offset, long endOffset, int bytesMax, boolean atLeastOne) {
    return catalog.onImage(image ->
        catalog
            .find(image, id, offset)
            .thenCompose(found ->
                found
                    .map(part -> read(part, offset, endOffset, bytesMax, atLeastOne))
                    .orElseGet(() -> CompletableFuture.completedFuture(nothing(offset)))));
  }

  /**
   * Bytes of the batches in objects that end above {@code fromOffset}, and where the last of them
   * ends.
   */
  public CompletableFuture<Size> size(PartitionId id, long fromOffset) {
    return catalog
        .parts(id, fromOffset)
        .thenApply(parts ->
            new Size(
                parts.stream().mapToLong(part -> bytesFrom(part.footer(), fromOffset)).sum(),
                parts.isEmpty() ? 0 : parts.getLast().footer().endOffset()));
  }

  /** The first spans that end above {@code fromOffset}, until they hold {@code bytes}. */
  public CompletableFuture<List<Span>> spans(PartitionId id, long fromOffset, long bytes) {
    return catalog.onImage(image -> moreSpans(image, id, fromOffset, bytes, new ArrayList<>()));
  }

  private CompletableFuture<List<Span>> moreSpans(
      MetadataImage image, PartitionId id, long fromOffset, long bytes, List<Span> found) {
    long from = fromOffset;
    long left = bytes;
    while (left > 0) {
      CompletableFuture<Optional<Part>> next = catalog.find(image, id, from);
      if (!next.isDone() || next.isCompletedExceptionally()) {
        long reached = from;
        long missing = left;
        return next.thenCompose(part ->
            part.isEmpty()
                ? CompletableFuture.completedFuture(found)
                : moreSpans(
                    image,
                    id,
                    part.get().footer().endOffset(),
                    missing - addSpans(part.get(), reached, missing, found),
                    found));
      }
      Optional<Part> part = next.join();
      if (part.isEmpty()) {
        break;
      }
      left -= addSpans(part.get(), from, left, found);
      from = part.get().footer().endOffset();
    }
    return CompletableFuture.completedFuture(found);
  }

  /**
   * Adds those of a part that end above {@code fromOffset}, until they hold {@code bytes}.
   *
   * @return how much they hold
   */
  private static long addSpans(Part part, long fromOffset, long bytes, List<Span> found) {
    long added = 0;
    for (Run run : part.footer().runs()) {
      if (run.endOffset() > fromOffset && added < bytes) {
        found.add(new Span(run.endOffset(), run.bytes(), run.maxTimestamp()));
        added += run.bytes();
      }
    }
    return added;
  }

  /** One past the last offset, 0 if there is none. */
  public record Size(long bytes, long endOffset) {}

  /** First record at or after a time among offsets [{@code from}, {@code to}). */
  public CompletableFuture<Optional<TimedOffset>> firstAtOrAfter(
      PartitionId id, long timestampMs, long from, long to) {
    return catalog.onImage(image ->
        catalog
            .parts(image, id, from)
            .thenCompose(parts -> {
              List<PartRun> runs = runs(parts, from, to);
              runs.removeIf(r -> r.run().maxTimestamp() < timestampMs);
              return firstIn(runs, 0, timestampMs, from, to);
            }));
  }

  /**
   * The record with the largest timestamp among offsets [{@code from}, {@code to}); of several, the
   * first.
   */
  public CompletableFuture<Optional<TimedOffset>> maxTimestamp(PartitionId id, long from, long to) {
    return catalog.onImage(image ->
        catalog
            .parts(image, id, from)
            .thenCompose(parts -> {
              List<PartRun> runs = runs(parts, from, to);
              runs.sort(
                  Comparator.comparingLong((PartRun r) -> r.run().maxTimestamp())
                      .reversed()
                      .thenComparingLong(r -> r.run().baseOffset()));
              return latestIn(runs, 0, from, to, Optional.empty());
            }));
  }

  /**
   * Transactions with batches in [{@code from}, {@code to}) that markers below {@code markersEnd}
   * aborted, each with an offset at or below its first batch at or above {@code from}. Asks as few
   * footers as say it.
   */
  public CompletableFuture<List<AbortedTransaction>> abortedTransactions(
      PartitionId id, long from, long to, long markersEnd) {
    return catalog.onImage(
        image -> search(image, id, new AbortedSearch(from, to, markersEnd), from));
  }

  /**
   * The same for batches that were read before; empty if their object is no longer listed. Then
   * those that compaction had left in there may have lost their markers.
   */
  public CompletableFuture<Optional<List<AbortedTransaction>>> abortedTransactions(
      PartitionId id, Source source, long from, long to, long markersEnd) {
    return catalog.onImage(image ->
        image.objects().containsKey(source.key())
            ? search(image, id, new AbortedSearch(from, to, markersEnd), from)
                .thenApply(Optional::of)
            : CompletableFuture.completedFuture(Optional.empty()));
  }

  private CompletableFuture<List<AbortedTransaction>> search(
      MetadataImage image, PartitionId id, AbortedSearch search, long from) {
    long offset = from;
    while (search.wants(offset)) {
      CompletableFuture<Optional<Part>> found = catalog.find(image, id, offset);
      if (!found.isDone() || found.isCompletedExceptionally()) {
        return found.thenCompose(part ->
            part.isEmpty()
                ? CompletableFuture.completedFuture(search.found())
                : search(image, id, search, added(search, part.get())));
      }
      Optional<Part> part = found.join();
      if (part.isEmpty()) {
        break;
      }
      offset = added(search, part.get());
    }
    return CompletableFuture.completedFuture(search.found());
  }

  private static long added(AbortedSearch search, Part part) {
    search.add(part.footer());
    return part.footer().endOffset();
  }

  private record PartRun(Part part, Run run) {}

  private CompletableFuture<Lent> read(
      Part part, long offset, long endOffset, int bytesMax, boolean atLeastOne) {
    Stretch stretch = Stretch.at(part.footer(), offset);
    return blocks
        .block(part, stretch)
        .thenApply(block -> {
          Source source = new Source(part.object().key(), part.footer().compactedTo());
          int start = stretch.startOf(offset);
          return lend(block, source, start, offset, endOffset, bytesMax, atLeastOne);
        })
        .exceptionallyCompose(failure ->
            // who has something already gets the rest with the next request
            !atLeastOne && isLent(failure)
                ? CompletableFuture.completedFuture(nothing(offset))
                : CompletableFuture.failedFuture(failure));
  }

  private static boolean isLent(Throwable failure) {
    return failure instanceof BlocksLentException
        || failure.getCause() instanceof BlocksLentException;
  }

  private static Lent lend(
      Block block,
      Source source,
      int runStart,
      long offset,
      long endOffset,
      int bytesMax,
      boolean atLeastOne) {
    ByteBuffer b = block.bytes();
    int start = runStart;
    while (BatchHeader.lastOffset(b, start) < offset) {
      start += BatchHeader.sizeBytes(b, start);
    }
    int end = start;
    long lentEnd = offset;
    while (end < b.limit() && BatchHeader.baseOffset(b, end) < endOffset) {
      int size = BatchHeader.sizeBytes(b, end);
      boolean fits = size <= bytesMax - (end - start) || (end == start && atLeastOne);
      if (!fits) {
        break;
      }
      lentEnd = BatchHeader.lastOffset(b, end) + 1;
      end += size;
    }
    if (end == start) {
      block.release();
      return nothing(offset);
    }
    return new Lent(b.slice(start, end - start), lentEnd, source, block::release);
  }

  private static Lent nothing(long offset) {
    return new Lent(ByteBuffer.allocate(0), offset, null, () -> {});
  }

  private static long bytesFrom(PartitionFooter footer, long fromOffset) {
    return footer.runs().stream()
        .filter(run -> run.endOffset() > fromOffset)
        .mapToLong(Run::bytes)
        .sum();
  }

  private static List<PartRun> runs(List<Part> parts, long from, long to) {
    List<PartRun> runs = new ArrayList<>();
    for (Part part : parts) {
      for (Run run : part.footer().runs()) {
        if (run.endOffset() > from && run.baseOffset() < to) {
          runs.add(new PartRun(part, run));
        }
      }
    }
    return runs;
  }

  private CompletableFuture<Optional<TimedOffset>> firstIn(
      List<PartRun> runs, int index, long timestampMs, long from, long to) {
    if (index == runs.size()) {
      return CompletableFuture.completedFuture(Optional.empty());
    }
    return inBatches(
            runs.get(index),
            (b, at) ->
                BatchHeader.maxTimestamp(b, at) < timestampMs
                    ? Optional.empty()
                    : BatchSearch.firstAtOrAfter(b, at, timestampMs, from, to),
            true)
        .thenCompose(found ->
            found.isPresent()
                ? CompletableFuture.completedFuture(found)
                : firstIn(runs, index + 1, timestampMs, from, to));
  }

  /**
   * A run's largest time may lie outside the range, so the next best run counts until what was
   * found beats it.
   */
  private CompletableFuture<Optional<TimedOffset>> latestIn(
      List<PartRun> runs, int index, long from, long to, Optional<TimedOffset> best) {
    if (index == runs.size() || (best.isPresent() && !mayBeat(runs.get(index).run(), best.get()))) {
      return CompletableFuture.completedFuture(best);
    }
    return inBatches(runs.get(index), (b, at) -> BatchSearch.latest(b, at, from, to), false)
        .thenCompose(found -> latestIn(runs, index + 1, from, to, later(best, found)));
  }

  private static boolean mayBeat(Run run, TimedOffset best) {
    return run.maxTimestamp() > best.timestamp()
        || (run.maxTimestamp() == best.timestamp() && run.baseOffset() < best.offset());
  }

  private static Optional<TimedOffset> later(Optional<TimedOffset> a, Optional<TimedOffset> b) {
    if (a.isEmpty() || b.isEmpty()) {
      return a.isEmpty() ? b : a;
    }
    int c = Long.compare(a.get().timestamp(), b.get().timestamp());
    return c > 0 || (c == 0 && a.get().offset() < b.get().offset()) ? a : b;
  }

  /** What the batches of a run give: the first answer, or the latest. */
  private CompletableFuture<Optional<TimedOffset>> inBatches(
      PartRun in, BatchLook look, boolean first) {
    Stretch stretch = Stretch.at(in.part().footer(), in.run().baseOffset());
    Function<Block, Optional<TimedOffset>> search =
        block -> {
          int at = stretch.startOf(in.run().baseOffset());
          int end = at + in.run().bytes();
          Optional<TimedOffset> best = Optional.empty();
          while (at < end && (best.isEmpty() || !first)) {
            best = later(best, look.at(block.bytes(), at));
            at += BatchHeader.sizeBytes(block.bytes(), at);
          }
          return best;
        };
    return blocks
        .block(in.part(), stretch)
        .thenApply(block -> {
          try {
            return search.apply(block);
          } finally {
            block.release();
          }
        });
  }

  @FunctionalInterface
  private interface BatchLook {
    Optional<TimedOffset> at(ByteBuffer b, int at);
  }
}
