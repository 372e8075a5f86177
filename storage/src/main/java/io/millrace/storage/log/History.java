package io.millrace.storage.log;

import io.millrace.storage.log.PartitionLog.OffsetAtTime;
import io.millrace.storage.object.Footer.AbortedTransaction;
import io.millrace.storage.object.ObjectCatalog.Span;
import io.millrace.storage.object.ObjectReader.Source;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** The part of a partition that lies in published objects. Futures fail with Kafka's exceptions. */
interface History {
  /**
   * Whole batches from the one that holds {@code offset}, below {@code endOffset}, of at most
   * {@code bytesMax} bytes unless the first alone has more and {@code atLeastOne}.
   */
  CompletableFuture<Batches> read(long offset, long endOffset, int bytesMax, boolean atLeastOne);

  /**
   * Bytes lent out.
   *
   * @param endOffset one past their last offset; the offset asked for if there are none
   * @param source null if there are none, or they are not of an object
   */
  record Batches(
      List<ByteBuffer> buffers, long endOffset, @Nullable Source source, Runnable release) {}

  /**
   * Transactions with batches among offsets [{@code from}, {@code to}) that published markers below
   * {@code markersEnd} aborted, each with an offset at or below its first batch among them.
   *
   * @param source of the batches, in which only those are missing that compaction has dropped with
   *     all that it aborted
   * @return empty if the source is no longer listed: its batches are to be read again
   */
  CompletableFuture<Optional<List<AbortedTransaction>>> abortedTransactions(
      Source source, long from, long to, long markersEnd);

  /** Bytes of the objects' batches from {@code from} on, and where they end. */
  CompletableFuture<Size> size(long from);

  /** One past the last published offset, 0 if nothing is published. */
  record Size(long bytes, long endOffset) {}

  /** The first spans of batches that end above {@code from}, until they hold {@code bytes}. */
  CompletableFuture<List<Span>> spans(long from, long bytes);

  /** First record at or after a time among offsets [{@code from}, {@code to}). */
  CompletableFuture<Optional<OffsetAtTime>> firstAtOrAfter(long timestampMs, long from, long to);

  /** The record with the largest timestamp among offsets [{@code from}, {@code to}). */
  CompletableFuture<Optional<OffsetAtTime>> maxTimestamp(long from, long to);
}
