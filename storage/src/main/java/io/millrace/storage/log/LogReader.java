package io.millrace.storage.log;

import io.millrace.runtime.FailureCause;
import io.millrace.storage.log.TailIndex.Ref;
import io.millrace.storage.object.Footer.AbortedTransaction;
import io.millrace.storage.object.ObjectCatalog.Span;
import io.millrace.storage.object.ObjectReader.Source;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.KafkaStorageException;

/**
 * Reads one partition's batches where they lie, in its tail or in objects, and says which
 * transactions among them were aborted. Knows nothing of who may see what. Any thread may call.
 */
final class LogReader {
  private static final int READ_ATTEMPTS_MAX = 3;

  private final String partition;
  private final TailIndex tail;
  private final TailReader tailReader;
  private final History history;
  private final AbortedTail aborted;
  private volatile long publishedCounter = -1;

  LogReader(
      String partition,
      TailIndex tail,
      TailReader tailReader,
      History history,
      AbortedTail aborted) {
    this.partition = partition;
    this.tail = tail;
    this.tailReader = tailReader;
    this.history = history;
    this.aborted = aborted;
  }

  /** Files up to this one are published and stand in the image. */
  void onPublished(long fileCounter) {
    publishedCounter = fileCounter;
    prune();
  }

  /** Lets go of what the cache has lost and objects hold. */
  void prune() {
    tail.prune(publishedCounter);
  }

  /** Objects that were compacted up to this offset stand in the image: they are what is read. */
  void onCompacted(long end) {
    tail.forget(end, publishedCounter);
    aborted.forgetBelow(Math.min(end, tail.firstOffset()));
  }

  /** Batches, and the transactions with offsets among theirs that were aborted. */
  record Committed(History.Batches batches, List<AbortedTransaction> aborted) {}

  /** Whole batches from the one that holds {@code offset}, below {@code end}. */
  CompletableFuture<Committed> readCommitted(
      long offset, long end, int bytesMax, boolean atLeastOne) {
    return readCommitted(offset, end, bytesMax, atLeastOne, 1);
  }

  private CompletableFuture<Committed> readCommitted(
      long offset, long end, int bytesMax, boolean atLeastOne, int attempt) {
    return read(offset, end, bytesMax, atLeastOne)
        .thenCompose(batches ->
            abortedAmong(offset, batches)
                .handle((found, failure) -> {
                  if (failure == null && found.isPresent()) {
                    return CompletableFuture.completedFuture(new Committed(batches, found.get()));
                  }
                  batches.release().run();
                  if (failure != null) {
                    return CompletableFuture.<Committed>failedFuture(failure);
                  }
                  // compacted between the two looks; they must be of one time
                  return attempt < READ_ATTEMPTS_MAX
                      ? readCommitted(offset, end, bytesMax, atLeastOne, attempt + 1)
                      : CompletableFuture.<Committed>failedFuture(
                          new KafkaStorageException(
                              "Offset %d of %s is compacted again and again while it is read."
                                  .formatted(offset, partition)));
                })
                .thenCompose(committed -> committed));
  }

  /** Whole batches from the one that holds {@code offset}, below {@code end}. */
  CompletableFuture<History.Batches> read(long offset, long end, int bytesMax, boolean atLeastOne) {
    return read(offset, end, bytesMax, atLeastOne, 1);
  }

  private CompletableFuture<History.Batches> read(
      long offset, long end, int bytesMax, boolean atLeastOne, int attempt) {
    prune(); // nothing may have been appended since the cache lost what objects hold
    List<Ref> refs = tail.from(offset, bytesMax);
    if (refs.isEmpty()) {
      return history.read(offset, end, bytesMax, atLeastOne);
    }
    return tailReader
        .read(refs, offset, end, bytesMax, atLeastOne)
        .exceptionallyCompose(failure ->
            // the file may have been published, merged and recycled since the tail was asked
            attempt < READ_ATTEMPTS_MAX
                ? read(offset, end, bytesMax, atLeastOne, attempt + 1)
                : CompletableFuture.failedFuture(unreadable(offset, failure)));
  }

  /**
   * What was aborted of what was read from {@code from} on, in order of the markers; empty if it is
   * known no more as it was then.
   */
  private CompletableFuture<Optional<List<AbortedTransaction>>> abortedAmong(
      long from, History.Batches batches) {
    long to = batches.endOffset();
    if (from >= to) {
      return CompletableFuture.completedFuture(Optional.of(List.of()));
    }
    AbortedTail.Known known = aborted.within(from, to);
    Source source = batches.source();
    if (source == null || source.compactedTo() == 0) {
      if (known.from() <= from) {
        return CompletableFuture.completedFuture(Optional.of(known.transactions()));
      }
      if (source == null) {
        return CompletableFuture.completedFuture(Optional.empty());
      }
    }
    // the tail may know of markers that compaction has dropped
    long markersEnd = Math.max(known.from(), source.compactedTo());
    return history
        .abortedTransactions(source, from, to, markersEnd)
        .thenApply(published ->
            published.map(found -> {
              List<AbortedTransaction> all = new ArrayList<>(found);
              known.transactions().stream()
                  .filter(transaction -> transaction.lastOffset() >= markersEnd)
                  .forEach(all::add);
              return all;
            }));
  }

  /** Of all batches that end above {@code from}, and at most a run of the tail's before them. */
  CompletableFuture<Long> sizeBytes(long from) {
    // the tail first: what leaves it meanwhile is in objects
    List<Ref> refs = tail.matching(ref -> ref.endOffset() > from);
    return history
        .size(from)
        .thenApply(published ->
            published.bytes()
                + refs.stream()
                    .filter(ref -> ref.baseOffset() >= published.endOffset())
                    .mapToLong(Ref::bytes)
                    .sum());
  }

  /** Those of the tail that end above {@code from}. */
  List<Span> tail(long from) {
    return tail.matching(ref -> ref.endOffset() > from).stream()
        .map(ref -> new Span(ref.endOffset(), ref.bytes(), ref.maxTimestamp()))
        .toList();
  }

  /**
   * Where the log begins if its oldest batches go, {@code excess} bytes of them or a little less.
   */
  CompletableFuture<Long> startWithout(long excess, long from) {
    List<Span> newest = tail(from); // the tail first: what leaves it meanwhile is in objects
    return history
        .spans(from, excess)
        .thenApply(published -> {
          List<Span> all = new ArrayList<>(published);
          newest.stream()
              .filter(span -> all.isEmpty() || span.endOffset() > all.getLast().endOffset())
              .forEach(all::add);
          long start = from;
          long left = excess;
          for (Span span : all) {
            left -= span.bytes();
            if (left < 0) {
              break;
            }
            start = span.endOffset();
          }
          return start;
        });
  }

  private ApiException unreadable(long offset, Throwable failure) {
    Throwable cause = FailureCause.of(failure);
    return cause instanceof ApiException known
        ? known
        : new KafkaStorageException(
            "Offset %d of %s cannot be read now.".formatted(offset, partition), cause);
  }
}
