package io.millrace.broker.network;

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

/**
 * The way to other brokers: one connection per address, made when it is needed and again after it
 * broke. Its own event loop, so that clients cannot keep brokers from each other; everything
 * happens there.
 */
public final class PeerConnections implements PeerLink, AutoCloseable {
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

  /** Where a broker listens. */
  record Address(String host, int port) {
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
    try {
      loop.execute(
          () -> send(new Address(address.host(), address.port()), body, timeoutNs, outcome));
    } catch (RejectedExecutionException loopEnded) {
      outcome.complete(new PeerOutcome.Silent("this broker stops"));
    }
    return outcome;
  }

  private void send(
      Address address, byte[] body, long timeoutNs, CompletableFuture<PeerOutcome> outcome) {
    if (closed) {
      outcome.complete(new PeerOutcome.Silent("this broker stops"));
      return;
    }
    PeerConnection connection = connections.get(address);
    if (connection == null) {
      if (connections.size() == ADDRESSES_MAX) {
        outcome.complete(
            new PeerOutcome.Silent(ADDRESSES_MAX + " other addresses are being talked to"));
        return;
      }
      PeerConnection fresh =
          new PeerConnection(address, loop, transport, names, () -> connections.remove(address));
      connections.put(address, fresh);
      fresh.send(body, timeoutNs, outcome);
      fresh.connect();
    } else {
      connection.send(body, timeoutNs, outcome);
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
