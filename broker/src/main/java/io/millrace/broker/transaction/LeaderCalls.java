package io.millrace.broker.transaction;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.broker.cluster.BrokerLink;
import io.millrace.broker.cluster.BrokerLink.Outcome;
import io.millrace.runtime.Clock;
import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataRecord.Endpoint;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.protocol.ApiMessage;

/**
 * Sends requests of Kafka's protocol to the broker that leads something; to this broker itself
 * without the network. Any thread may call.
 */
public final class LeaderCalls {
  private static final long TIMEOUT_NS = TimeUnit.SECONDS.toNanos(10);
  private static final OwnConnection OWN_CONNECTION = new OwnConnection();

  private final MetadataLog metadata;
  private final BrokerLink link;
  private final String listener;
  private final Clock clock;

  /**
   * @param listener the one at which brokers reach each other
   */
  public LeaderCalls(MetadataLog metadata, BrokerLink link, String listener, Clock clock) {
    this.metadata = metadata;
    this.link = link;
    this.listener = listener;
    this.clock = clock;
  }

  /**
   * Asks the incarnation that leads.
   *
   * @param own what answers if that is this one
   * @return never fails
   */
  public <Q extends ApiMessage> CompletableFuture<Outcome> call(
      WriterId leader, Q request, short version, ApiHandler<Q> own) {
    if (leader.equals(metadata.writer())) {
      return own(request, version, own);
    }
    Incarnation incarnation = metadata.image().incarnations().get(leader);
    Optional<Endpoint> address =
        incarnation == null
            ? Optional.empty()
            : incarnation.endpoints().stream()
                .filter(endpoint -> endpoint.listener().equals(listener))
                .findFirst();
    return address.isPresent()
        ? link.call(address.get(), request, version, TIMEOUT_NS)
        : CompletableFuture.completedFuture(
            new Outcome.Silent("the leader has no address on listener " + listener));
  }

  private <Q extends ApiMessage> CompletableFuture<Outcome> own(
      Q request, short version, ApiHandler<Q> own) {
    RequestContext context =
        new RequestContext(
            version,
            0,
            BrokerLink.CLIENT_ID,
            listener,
            InetSocketAddress.createUnresolved("localhost", 0),
            "User:ANONYMOUS",
            clock.monotonicNs(),
            OWN_CONNECTION);
    CompletableFuture<? extends ApiMessage> answer;
    try {
      answer = own.handle(context, request);
    } catch (RuntimeException failure) {
      answer = CompletableFuture.failedFuture(failure);
    }
    return answer.handle((response, failure) ->
        response == null
            ? new Outcome.Silent("this broker: " + failure)
            : new Outcome.Answered(response));
  }

  /** None at all: it never closes, and nobody asks who is behind it. */
  private static final class OwnConnection implements RequestContext.Connection {
    @Override
    public String id() {
      return "own";
    }

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
