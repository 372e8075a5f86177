package io.millrace.storage.cluster;

import io.millrace.objectstore.ObservedStore;
import io.millrace.runtime.Clock;
import io.millrace.runtime.EventLoop;
import io.millrace.storage.cluster.PeerReply.Alive;
import io.millrace.storage.cluster.PeerRequest.Heartbeat;
import io.millrace.storage.metadata.MetadataLog;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Asks other brokers how they fare, at most once at a time each, and reads the metadata when one
 * knows more of it. Owned by the cluster loop.
 */
final class Heartbeats {
  private final MetadataLog metadata;
  private final Clock clock;
  private final EventLoop loop;
  private final PeerLink link;
  private final ObservedStore store;
  private final long timeoutNs;
  private boolean polling;
  private long runningSinceNs;

  Heartbeats(
      MetadataLog metadata,
      Clock clock,
      EventLoop loop,
      PeerLink link,
      ObservedStore store,
      long timeoutNs) {
    this.metadata = metadata;
    this.clock = clock;
    this.loop = loop;
    this.link = link;
    this.store = store;
    this.timeoutNs = timeoutNs;
    this.runningSinceNs = clock.monotonicNs();
  }

  /** As told to others: the time in which this process did not run is not the store's. */
  long storeAgeMs() {
    return TimeUnit.NANOSECONDS.toMillis(
        Math.min(store.storeAgeNs(), clock.monotonicNs() - runningSinceNs));
  }

  /** This process runs again after it did not for a while. */
  void onContinued(long nowNs) {
    runningSinceNs = nowNs;
  }

  /** Completes on the loop when what came of it is noted; joins one that is in flight. */
  CompletableFuture<Void> send(Peer peer) {
    if (peer.heartbeat != null) {
      return peer.heartbeat;
    }
    if (peer.address == null) {
      return CompletableFuture.completedFuture(null);
    }
    CompletableFuture<Void> noted = new CompletableFuture<>();
    peer.heartbeat = noted;
    peer.toldEntryNumber = metadata.image().entryNumber();
    Heartbeat request = new Heartbeat(metadata.writer(), peer.toldEntryNumber, storeAgeMs());
    var _ =
        link.call(peer.address, request, timeoutNs)
            .thenAcceptAsync(
                outcome -> {
                  peer.heartbeat = null;
                  onOutcome(peer, outcome);
                  noted.complete(null);
                },
                loop);
    return noted;
  }

  /** Reads the metadata to its tip, which keeps the age of the store too; one reading at a time. */
  void poll() {
    if (!polling) {
      polling = true;
      var _ = metadata.refresh().whenCompleteAsync((_, _) -> polling = false, loop);
    }
  }

  private void onOutcome(Peer peer, PeerOutcome outcome) {
    switch (outcome) {
      case PeerOutcome.Answered(Alive alive) -> onAlive(peer, alive);
      case PeerOutcome.Answered(PeerReply _) -> peer.onSilent(); // it says nothing about itself
      case PeerOutcome.Refused _ -> peer.onRefused();
      case PeerOutcome.Silent _ -> peer.onSilent();
    }
  }

  private void onAlive(Peer peer, Alive alive) {
    if (alive.writer().equals(peer.incarnation.writer())) {
      peer.onHeard(clock.monotonicNs(), alive.entryNumber(), alive.storeAgeMs());
    } else {
      peer.onRefused(); // a later life: the one that registered the address is over
    }
    metadata.onNudge(alive.entryNumber());
  }
}
