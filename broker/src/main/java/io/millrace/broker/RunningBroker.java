package io.millrace.broker;

import java.util.concurrent.CompletableFuture;

/** A started broker as the process that holds it sees it. */
public interface RunningBroker {
  /** Address, data directory and milliseconds since the process began, in one line. */
  String readyLine();

  /**
   * Publishes, releases the data directory and returns; within seconds. Idempotent, callable from
   * any thread.
   */
  void stop();

  /**
   * Completes with what ended the broker if it ended by itself; never completes after {@link
   * #stop()}.
   */
  CompletableFuture<Throwable> failure();
}
