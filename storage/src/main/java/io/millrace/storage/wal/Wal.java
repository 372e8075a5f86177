package io.millrace.storage.wal;

import java.util.concurrent.CompletableFuture;

/**
 * The write-ahead log of one incarnation, shared by all partitions it leads. A batch handed over is
 * part of the next entry; callbacks come on the WAL's loop in WAL order. A failed write or sync
 * ends the incarnation (invariant I11): every batch not yet durable fails and nothing is
 * acknowledged after it.
 */
public interface Wal extends AutoCloseable {
  /**
   * Takes a batch; never blocks. Called inside the partition's critical section, so WAL order is
   * offset order.
   *
   * @throws WalEndedException if the WAL has ended
   * @throws WalFullException if there is no room at present; the batch was not taken
   */
  void append(WalBatch batch);

  /**
   * Whether batches that may use the reserve are taken now, and several more of them. Any thread.
   */
  boolean hasReserve();

  /**
   * Ends the current file (entry group) so that it is published; completes when the publication
   * stands in the image.
   */
  CompletableFuture<Void> roll();

  /**
   * Completes once it is proven that at some time after this call the incarnation had not been
   * fenced (invariant I12); fails with {@link WalEndedException} if it is over. One proof serves
   * all who wait. Any thread may call.
   */
  CompletableFuture<Void> proof();

  /** Highest sequence number known durable; -1 if none. */
  long durableSequence();

  /** Completes with the cause when the WAL has failed; never completes in normal operation. */
  CompletableFuture<Throwable> failure();

  /** Writes what is queued, footers and publishes the last file, and ends. */
  CompletableFuture<Void> stop();

  /** Ends at once without writing. */
  @Override
  void close();
}
