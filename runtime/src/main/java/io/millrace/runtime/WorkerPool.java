package io.millrace.runtime;

import java.util.concurrent.Executor;

/** Threads for blocking work; tasks run at the same time and in no certain order. */
public interface WorkerPool extends Executor, AutoCloseable {
  /**
   * @throws java.util.concurrent.RejectedExecutionException if too many tasks wait, or after {@link
   *     #close}
   */
  @Override
  void execute(Runnable task);

  /** Runs what is queued and ends; interrupts nothing. Idempotent. */
  @Override
  void close();
}
