package io.millrace.broker;

import io.millrace.broker.api.Dispatcher;
import io.millrace.storage.cluster.PeerService;
import java.util.concurrent.CompletableFuture;

/** One life of a broker, from its registration to its end. Started and stopped at most once. */
public interface Life {
  /** Completes when requests may be served. */
  CompletableFuture<Void> start();

  /** Completes with what ended this life by itself; never after {@link #stop}. */
  CompletableFuture<Throwable> failure();

  /** Lets go of everything; right after a failed start and after a failure too. */
  CompletableFuture<Void> stop();

  /** After {@link #start}. */
  Dispatcher dispatcher();

  /**
   * Answers other brokers from the registration on, which is long before clients are served; until
   * then declines.
   */
  PeerService peers();
}
