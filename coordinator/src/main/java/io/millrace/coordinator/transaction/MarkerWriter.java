package io.millrace.coordinator.transaction;

import java.util.concurrent.CompletableFuture;

/** Brings markers to the leaders of a transaction's partitions. Any thread may call. */
public interface MarkerWriter {
  /** What became of the markers of a transaction. */
  enum Outcome {
    /** Every partition that there still is has its marker. */
    WRITTEN,

    /** Another coordinator has taken over; the transaction is for it to end. */
    GIVEN_UP
  }

  /** Tries until the outcome is known; never fails. */
  CompletableFuture<Outcome> write(TransactionEnd end);
}
