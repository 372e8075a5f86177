package io.millrace.simulation;

import io.millrace.runtime.EventLoop;
import io.millrace.storage.cluster.PeerLink;
import io.millrace.storage.cluster.PeerOutcome;
import io.millrace.storage.cluster.PeerReply;
import io.millrace.storage.cluster.PeerRequest;
import io.millrace.storage.metadata.MetadataRecord.Endpoint;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The way of one process to the other brokers. A request may be lost, come late, come twice, and be
 * answered by a later process at its address.
 */
final class SimulatedPeers implements PeerLink {
  private final Network network;
  private final String from;
  private final EventLoop replies;

  /**
   * @param replies of the asking process
   */
  SimulatedPeers(Network network, String from, EventLoop replies) {
    this.network = network;
    this.from = from;
    this.replies = replies;
  }

  @Override
  public CompletableFuture<PeerOutcome> call(
      Endpoint address, PeerRequest request, long timeoutNs) {
    CompletableFuture<PeerOutcome> outcome = new CompletableFuture<>();
    replies.schedule(
        timeoutNs, () -> outcome.complete(new PeerOutcome.Silent("no answer in time")));
    BrokerHost host = network.at(Network.address(address));
    if (host == null) {
      throw new Violation("nobody ever was at " + address);
    }
    send(host, request, outcome);
    if (network.repeats()) {
      network.after(network.repeatDelayNs(), () -> send(host, request, new CompletableFuture<>()));
    }
    return outcome;
  }

  private void send(BrokerHost host, PeerRequest request, CompletableFuture<PeerOutcome> outcome) {
    if (!network.loses()) {
      network.after(network.delayNs(from, host.name()), () -> arrive(host, request, outcome));
    }
  }

  private void arrive(
      BrokerHost host, PeerRequest request, CompletableFuture<PeerOutcome> outcome) {
    if (!host.machine().running()) {
      answer(host, new PeerOutcome.Refused("nobody listens"), outcome);
      return;
    }
    host.onPeerLoop(() -> {
      @Nullable BrokerProcess process = host.process();
      if (process != null) {
        process
            .peers()
            .answer(request)
            .thenAccept(
                (PeerReply reply) -> answer(host, new PeerOutcome.Answered(reply), outcome));
      }
    });
  }

  private void answer(BrokerHost host, PeerOutcome answer, CompletableFuture<PeerOutcome> outcome) {
    if (!network.loses()) {
      network.after(
          network.delayNs(host.name(), from),
          () -> replies.execute(() -> outcome.complete(answer)));
    }
  }
}
