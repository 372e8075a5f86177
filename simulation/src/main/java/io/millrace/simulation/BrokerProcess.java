package io.millrace.simulation;

import io.millrace.broker.api.Caller;
import io.millrace.protocol.EncodedResponse;
import io.millrace.runtime.Environment;
import io.millrace.storage.metadata.MetadataImage;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** One life of a broker as the simulation drives it: everything but the sockets. */
interface BrokerProcess {

  /**
   * Begins a life on the machine's disk; completes when requests may be sent, exceptionally if it
   * refuses to start.
   */
  @FunctionalInterface
  interface Starter {
    CompletableFuture<BrokerProcess> start(Environment environment, Path data);
  }

  /** Handles a request frame as if it had just been read from a connection. */
  CompletableFuture<@Nullable EncodedResponse> dispatch(Caller caller, ByteBuffer frame);

  /** The newest image of the metadata. */
  MetadataImage image();

  /** Completes if this life ends by itself. */
  CompletableFuture<Throwable> failure();

  /** A graceful stop; complete when the process would exit. */
  CompletableFuture<Void> stop();
}
