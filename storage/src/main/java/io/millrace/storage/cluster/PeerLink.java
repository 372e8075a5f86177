package io.millrace.storage.cluster;

import io.millrace.storage.metadata.MetadataRecord.Endpoint;
import java.util.concurrent.CompletableFuture;

/** Reaches other brokers. Any thread may call; requests in flight to one address are bounded. */
public interface PeerLink {
  /**
   * Asks the broker at an address. Never completes exceptionally; completes within about {@code
   * timeoutNs}, on any thread.
   */
  CompletableFuture<PeerOutcome> call(Endpoint address, PeerRequest request, long timeoutNs);
}
