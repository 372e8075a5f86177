package io.millrace.coordinator.transaction;

import java.util.concurrent.CompletableFuture;

/** Brings markers to the leaders of a transaction's partitions. Any thread may call. */
public interface MarkerWriter {
  /** Tries until the outcome is known; never fails. */
  CompletableFuture<MarkerOutcome> write(TransactionEnd end);
}
