package io.millrace.simulation;

import io.millrace.broker.cluster.BrokerLink;
import io.millrace.objectstore.ObjectStore;
import io.millrace.runtime.Environment;
import io.millrace.storage.cluster.PeerLink;
import io.millrace.storage.metadata.MetadataRecord.Endpoint;
import java.util.concurrent.CompletableFuture;

/**
 * What a process of a broker in a cluster is given besides its environment.
 *
 * @param closeConnections closes what clients are connected to, as the network does when an
 *     incarnation is over
 */
record Member(
    int nodeId,
    Endpoint address,
    ObjectStore store,
    PeerLink peers,
    BrokerLink brokers,
    Runnable closeConnections) {

  /** Begins a process; see {@link BrokerProcess.Starter}. */
  @FunctionalInterface
  interface Starter {
    CompletableFuture<BrokerProcess> start(Environment environment, Member member);
  }
}
