package io.millrace.runtime;

import java.util.concurrent.Executor;

/**
 * Runs tasks one at a time in the order they were handed over. Logic is given its loop and never
 * makes threads itself. A task that throws is a bug: the loop hands it to the failure handler it
 * was made with and goes on.
 */
public interface EventLoop extends Executor, AutoCloseable {
  String name();

  /** Runs {@code task} after at least {@code delayNs}; it then queues like any other task. */
  Cancellable schedule(long delayNs, Runnable task);

  /** True on the thread (or simulated step) that runs this loop's tasks. */
  boolean inLoop();

  /** Runs what is queued, drops what is scheduled, and ends. Idempotent. */
  @Override
  void close();

  /** A scheduled task that has not run yet. */
  interface Cancellable {
    /** No effect if the task has run. */
    void cancel();
  }
}
