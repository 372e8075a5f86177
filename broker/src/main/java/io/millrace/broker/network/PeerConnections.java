package io.millrace.broker.network;

import io.millrace.broker.cluster.BrokerLink;
import io.millrace.storage.cluster.PeerCodec;
import io.millrace.storage.cluster.PeerLink;
import io.millrace.storage.cluster.PeerOutcome;
import io.millrace.storage.cluster.PeerReply;
import io.millrace.storage.cluster.PeerRequest;
import io.millrace.storage.metadata.MetadataRecord.Endpoint;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.jspecify.annotations.Nullable;

/**
 * The way to other brokers: a connection per address and kind of request, made when it is needed
 * and again after it broke. Its own event loop, so that clients cannot keep brokers from each
 * other; everything happens there.
 */
public final class PeerConnections implements PeerLink, BrokerLink, AutoCloseable {
  /** Each has something in flight; many times a cluster's size. */
  private static final int ADDRESSES_MAX = 256;

  private static final long END_TIMEOUT_MS = 2_000;

  private final Transport transport = Transport.best();
  private final Executor names;
  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(
          1, new DefaultThreadFactory("peers", true), transport.ioHandlers());
  private final EventLoop loop = loops.next();
  private final Map<Address, PeerConnection> connections = new HashMap<>();
  private boolean closed;

  /**
   * Where a broker listens, and for what: Kafka's answers come in the order of the requests, so
   * those of one API must not wait for those of another.
   *
   * @param api null for requests of the brokers' own
   */
  record Address(String host, int port, @Nullable ApiKeys api) {
    int answerBytesMax() {
      return api == null ? PeerFrames.FRAME_BYTES_MAX : KafkaExchange.FRAME_BYTES_MAX;
    }

    @Override
    public String toString() {
      return host + ":" + port;
    }
  }

  /**
   * @param names looks up host names, which blocks
   */
  public PeerConnections(Executor names) {
    this.names = names;
  }

  @Override
  public CompletableFuture<PeerOutcome> call(
      Endpoint address, PeerRequest request, long timeoutNs) {
    byte[] body;
    try {
      body = PeerCodec.encode(request);
    } catch (IllegalArgumentException tooLarge) {
      return CompletableFuture.completedFuture(
          new PeerOutcome.Answered(new PeerReply.Declined(String.valueOf(tooLarge.getMessage()))));
    }
    CompletableFuture<PeerOutcome> outcome = new CompletableFuture<>();
    exchange(address, null, new PrivateExchange(body, outcome), timeoutNs);
    return outcome;
  }

  @Override
  public CompletableFuture<Outcome> call(
      Endpoint address, ApiMessage request, short version, long timeoutNs) {
    CompletableFuture<Outcome> outcome = new CompletableFuture<>();
    KafkaExchange exchange = KafkaExchange.of(request, version, outcome);
    exchange(address, exchange.api(), exchange, timeoutNs);
    return outcome;
  }

  private void exchange(
      Endpoint endpoint, @Nullable ApiKeys api, PeerExchange exchange, long timeoutNs) {
    Address address = new Address(endpoint.host(), endpoint.port(), api);
    try {
      loop.execute(() -> send(address, exchange, timeoutNs));
    } catch (RejectedExecutionException loopEnded) {
      exchange.onSilence("this broker stops");
    }
  }

  private void send(Address address, PeerExchange exchange, long timeoutNs) {
    if (closed) {
      exchange.onSilence("this broker stops");
      return;
    }
    PeerConnection connection = connections.get(address);
    if (connection == null) {
      if (connections.size() == ADDRESSES_MAX) {
        exchange.onSilence(ADDRESSES_MAX + " other addresses are being talked to");
        return;
      }
      PeerConnection fresh =
          new PeerConnection(address, loop, transport, names, () -> connections.remove(address));
      connections.put(address, fresh);
      fresh.send(exchange, timeoutNs);
      fresh.connect();
    } else {
      connection.send(exchange, timeoutNs);
    }
  }

  /** What is not answered yet is silent. */
  @Override
  public void close() {
    try {
      loop.execute(() -> {
        closed = true;
        List.copyOf(connections.values()).forEach(each -> each.close("this broker stops"));
      });
    } catch (RejectedExecutionException closedBefore) {
      return;
    }
    loops
        .shutdownGracefully(0, END_TIMEOUT_MS, TimeUnit.MILLISECONDS)
        .awaitUninterruptibly(END_TIMEOUT_MS);
  }
}
