package io.millrace.broker.network;

import io.millrace.broker.api.Caller;
import io.millrace.broker.api.Dispatcher;
import io.millrace.runtime.Clock;
import io.millrace.storage.cluster.PeerService;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.group.ChannelGroup;
import io.netty.handler.timeout.IdleStateHandler;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Lets an accepted connection in, or closes it, and builds its pipeline. What a security protocol
 * adds belongs before the handler.
 */
final class ConnectionInitializer extends ChannelInitializer<Channel> {
  private static final String NOBODY = "User:ANONYMOUS";

  private final String listener;
  private final NetworkSettings settings;
  private final Services services;
  private final RequestBudget budget;
  private final ConnectionLimits limits;
  private final LoopChooser chooser;
  private final NetworkCounters counters;
  private final Clock clock;
  private final ChannelGroup clients;
  private final ChannelGroup peers;
  private final AtomicLong heldForPeers;
  private final AtomicLong number = new AtomicLong();

  /** Who serves those that connect. */
  interface Services {
    /** Null while clients are not served. */
    @Nullable Dispatcher dispatcher();

    /** Null if no other broker connects. */
    @Nullable PeerService peers();
  }

  ConnectionInitializer(
      String listener,
      NetworkSettings settings,
      Services services,
      RequestBudget budget,
      ConnectionLimits limits,
      LoopChooser chooser,
      NetworkCounters counters,
      Clock clock,
      ChannelGroup clients,
      ChannelGroup peers,
      AtomicLong heldForPeers) {
    this.listener = listener;
    this.settings = settings;
    this.services = services;
    this.budget = budget;
    this.limits = limits;
    this.chooser = chooser;
    this.counters = counters;
    this.clock = clock;
    this.clients = clients;
    this.peers = peers;
    this.heldForPeers = heldForPeers;
  }

  @Override
  protected void initChannel(Channel channel) {
    if (!(channel.remoteAddress() instanceof InetSocketAddress client)) {
      channel.close();
      return;
    }
    CloseReason full = limits.enter(client.getAddress());
    if (full != null) {
      counters.onClosed(full, client, "");
      channel.close();
      return;
    }
    counters.onOpened();
    channel
        .closeFuture()
        .addListener(closed -> {
          counters.onGone();
          limits.leave(client.getAddress());
        });
    pauseAccepting(channel, limits.pauseMs());
    int loops = limits.loops();
    if (loops > 0) {
      chooser.use(loops);
    }
    int refusedForMs = limits.refusedForMs(client.getAddress());
    if (refusedForMs > 0) {
      counters.onClosed(CloseReason.TOO_MANY_NEW_PER_IP, client, "");
      channel.eventLoop().schedule(() -> channel.close(), refusedForMs, TimeUnit.MILLISECONDS);
      return;
    }
    // before a dispatcher is asked for: a connection that got one of a life that ends is closed
    clients.add(channel);
    PeerService service = services.peers();
    if (service == null) {
      channel.pipeline().addLast(ofClient(channel, client));
    } else {
      channel
          .pipeline()
          .addLast(
              new ConnectionDoor(
                  kind ->
                      switch (kind) {
                        case CLIENT -> ofClient(channel, client);
                        case PEER -> ofPeer(channel, service);
                      },
                  counters,
                  settings.idleMaxMs()));
    }
  }

  private static void pauseAccepting(Channel channel, int forMs) {
    if (forMs > 0) {
      Channel server = channel.parent();
      server.config().setAutoRead(false);
      server
          .eventLoop()
          .schedule(() -> server.config().setAutoRead(true), forMs, TimeUnit.MILLISECONDS);
    }
  }

  private ChannelHandler[] ofClient(Channel channel, InetSocketAddress client) {
    Dispatcher dispatcher = services.dispatcher();
    if (dispatcher == null) {
      return new ChannelHandler[0];
    }
    ClientConnection connection =
        new ClientConnection(
            listener + channel.localAddress() + "-" + client + "-" + number.getAndIncrement());
    Caller caller = new Caller(listener, client, NOBODY, connection, channel.eventLoop());
    return new ChannelHandler[] {
      new ConnectionHandler(
          settings,
          dispatcher,
          budget,
          counters,
          clock,
          caller,
          connection,
          new FrameAssembler(channel.alloc(), settings.requestBytesMax()))
    };
  }

  private ChannelHandler[] ofPeer(Channel channel, PeerService service) {
    clients.remove(channel);
    peers.add(channel);
    return new ChannelHandler[] {
      new IdleStateHandler(0, 0, settings.idleMaxMs(), TimeUnit.MILLISECONDS),
      new PeerHandler(
          service,
          heldForPeers,
          counters,
          new FrameAssembler(channel.alloc(), PeerFrames.FRAME_BYTES_MAX))
    };
  }
}
