package io.millrace.simulation;

import io.millrace.broker.api.Caller;
import io.millrace.protocol.EncodedResponse;
import io.millrace.runtime.Environment;
import io.millrace.storage.WriterId;
import io.millrace.storage.cluster.PeerService;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataLog;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** One process of a broker as the simulation drives it: everything but the sockets. */
interface BrokerProcess {

  /**
   * Begins a process on a machine; completes when requests may be sent, exceptionally if it refuses
   * to start.
   */
  @FunctionalInterface
  interface Starter {
    CompletableFuture<BrokerProcess> start(Environment environment);
  }

  /** Handles a request frame as if it had just been read from a connection. */
  CompletableFuture<@Nullable EncodedResponse> dispatch(Caller caller, ByteBuffer frame);

  /** The metadata as the present incarnation sees it. */
  MetadataLog metadata();

  /** Answers other brokers. */
  PeerService peers();

  /** Whether clients are let in. */
  default boolean listens() {
    return true;
  }

  /** Completes if the process ends by itself. */
  CompletableFuture<Throwable> failure();

  /** A graceful stop; complete when the process would exit. */
  CompletableFuture<Void> stop();

  /** The newest image of the metadata. */
  default MetadataImage image() {
    return metadata().image();
  }

  /** The present incarnation. */
  default WriterId writer() {
    return metadata().writer();
  }
}
