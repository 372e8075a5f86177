package io.millrace.simulation;

import io.millrace.broker.api.Caller;
import io.millrace.broker.api.RequestContext;
import io.millrace.broker.cluster.BrokerLink;
import io.millrace.protocol.EncodedResponse;
import io.millrace.protocol.RequestEncoder;
import io.millrace.runtime.EventLoop;
import io.millrace.storage.metadata.MetadataRecord.Endpoint;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.apache.kafka.common.message.WriteTxnMarkersRequestData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.jspecify.annotations.Nullable;

/**
 * Kafka's requests of one process to the other brokers, as frames through their dispatchers. A
 * request may be lost, come late, come twice, and be answered by a later process at its address.
 */
final class SimulatedBrokerLink implements BrokerLink {
  private final Network network;
  private final String from;
  private final EventLoop replies;
  private int nextCorrelationId;

  /**
   * @param replies of the asking process
   */
  SimulatedBrokerLink(Network network, String from, EventLoop replies) {
    this.network = network;
    this.from = from;
    this.replies = replies;
  }

  /** A request on its way. */
  private record Sent(
      ApiKeys api, short version, int correlationId, ByteBuffer frame, Answer answer) {}

  @FunctionalInterface
  private interface Answer {
    void complete(Outcome outcome);
  }

  @Override
  public CompletableFuture<Outcome> call(
      Endpoint address, ApiMessage request, short version, long timeoutNs) {
    CompletableFuture<Outcome> outcome = new CompletableFuture<>();
    replies.schedule(timeoutNs, () -> outcome.complete(new Outcome.Silent("no answer in time")));
    BrokerHost host = network.at(Network.address(address));
    if (host == null) {
      throw new Violation("nobody ever was at " + address);
    }
    int id = nextCorrelationId++;
    ByteBuffer frame = RequestEncoder.encode(request, version, id, from);
    ApiKeys api = ApiKeys.forId(request.apiKey());
    send(host, new Sent(api, version, id, frame, outcome::complete));
    if (network.repeats() && mayComeLate(request)) {
      Sent again = new Sent(api, version, id, frame.duplicate(), _ -> {});
      network.after(network.repeatDelayNs(), () -> send(host, again));
    }
    return outcome;
  }

  /**
   * A marker that ends no epoch may end the next transaction if it is late, which KIP-890 mended.
   */
  private static boolean mayComeLate(ApiMessage request) {
    return !(request instanceof WriteTxnMarkersRequestData markers)
        || markers.markers().stream().allMatch(marker -> marker.transactionVersion() >= 2);
  }

  private void send(BrokerHost host, Sent sent) {
    if (!network.loses()) {
      network.after(network.delayNs(from, host.name()), () -> arrive(host, sent));
    }
  }

  private void arrive(BrokerHost host, Sent sent) {
    BrokerProcess process = host.process();
    if (process == null || !process.listens()) {
      answer(host, sent, new Outcome.Silent("nobody listens"));
      return;
    }
    host.onPeerLoop(() ->
        process
            .dispatch(caller(host), sent.frame())
            .whenComplete((response, refused) -> {
              if (host.lives(process)) {
                answer(host, sent, outcome(sent, response));
              }
            }));
  }

  private static Outcome outcome(Sent sent, @Nullable EncodedResponse response) {
    if (response == null) {
      return new Outcome.Silent("refused");
    }
    ApiMessage answer = Frames.decode(sent.api(), sent.version(), sent.correlationId(), response);
    response.release();
    return new Outcome.Answered(answer);
  }

  private void answer(BrokerHost host, Sent sent, Outcome outcome) {
    if (!network.loses()) {
      network.after(
          network.delayNs(host.name(), from),
          () -> replies.execute(() -> sent.answer().complete(outcome)));
    }
  }

  private Caller caller(BrokerHost host) {
    Executor loop = host::onPeerLoop;
    return new Caller(
        "PLAINTEXT",
        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
        "User:ANONYMOUS",
        new NoConnection(from),
        loop);
  }

  /** What other brokers ask is kept by no connection. */
  private record NoConnection(String id) implements RequestContext.Connection {
    @Override
    public String clientSoftware() {
      return "unknown";
    }

    @Override
    public void clientSoftware(String nameAndVersion) {}

    @Override
    public void onClose(Runnable listener) {}
  }
}
