package io.millrace.broker.network;

import io.millrace.broker.StartException;
import io.millrace.broker.api.Admission;
import io.millrace.broker.api.Dispatcher;
import io.millrace.broker.config.Listener;
import io.millrace.runtime.Clock;
import io.millrace.storage.cluster.PeerService;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.GlobalEventExecutor;
import io.netty.util.concurrent.ThreadPerTaskExecutor;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The broker's listeners and their connections, on a few event loops shared by all. In this order:
 * {@link #bind} takes the ports, {@link #open} lets clients in, {@link #letNoMoreIn} leaves it at
 * those, {@link #close} ends the rest. Where other brokers connect too, {@link #openToPeers} comes
 * first, and {@link #closeClients} and {@link #open} again part one life from the next.
 */
public final class NetworkServer implements AutoCloseable {
  private static final int READ_BYTES_MIN = 512;
  private static final int READ_BYTES_FIRST = 4 << 10;
  private static final int READ_BYTES_MAX = 256 << 10;
  private static final long END_TIMEOUT_MS = 2_000;

  /** As far as their number can grow. */
  private static final int LOOPS_PER_THREAD = 2;

  private final NetworkSettings settings;
  private final NetworkCounters counters;
  private final Clock clock;
  private final Transport transport = Transport.best();
  private final RequestBudget budget;
  private final ConnectionLimits limits;
  private final LoopChooser chooser;
  private final EventLoopGroup loops;
  private final ChannelGroup clients = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
  private final ChannelGroup peers = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
  private final AtomicLong heldForPeers = new AtomicLong();
  private final List<Channel> servers = new ArrayList<>();
  private final ConnectionInitializer.Services services = new Services();
  private volatile @Nullable Dispatcher dispatcher;
  private volatile @Nullable PeerService peerService;

  private final class Services implements ConnectionInitializer.Services {
    @Override
    public @Nullable Dispatcher dispatcher() {
      return dispatcher;
    }

    @Override
    public @Nullable PeerService peers() {
      return peerService;
    }
  }

  /**
   * @throws StartException if a host with a connection limit of its own is not known
   */
  public NetworkServer(NetworkSettings settings, NetworkCounters counters, Clock clock)
      throws StartException {
    this.settings = settings;
    this.counters = counters;
    this.clock = clock;
    this.budget = new RequestBudget(settings.queuedBytesMax());
    this.chooser = new LoopChooser(settings.threads());
    try {
      this.limits = new ConnectionLimits(settings);
    } catch (UnknownHostException e) {
      throw new StartException(
          "max.connections.per.ip.overrides names the unknown host "
              + e.getMessage()
              + "; use a host that resolves, or an address.",
          e);
    }
    this.loops =
        new MultiThreadIoEventLoopGroup(
            LOOPS_PER_THREAD * settings.threads(),
            new ThreadPerTaskExecutor(new DefaultThreadFactory("network", true)),
            chooser,
            transport.ioHandlers());
  }

  /**
   * Takes the ports; clients that connect wait until {@link #open}.
   *
   * @return the listeners with the ports that were bound
   * @throws StartException names every listener that cannot be bound
   */
  public List<Listener> bind(List<Listener> listeners) throws StartException {
    List<String> problems = new ArrayList<>();
    List<Listener> result = new ArrayList<>();
    for (Listener listener : listeners) {
      InetSocketAddress address =
          listener.host().isEmpty()
              ? new InetSocketAddress(listener.port())
              : new InetSocketAddress(listener.host(), listener.port());
      ChannelFuture bind = bootstrap(listener).bind(address).awaitUninterruptibly();
      Throwable cause = bind.cause();
      if (cause != null) {
        problems.add(problem(listener, address, cause));
        continue;
      }
      servers.add(bind.channel());
      int port = ((InetSocketAddress) bind.channel().localAddress()).getPort();
      result.add(
          new Listener(
              listener.name(),
              listener.host(),
              port,
              listener.advertisedHost(),
              listener.advertisedPort() == 0 ? port : listener.advertisedPort(),
              listener.securityProtocol()));
    }
    if (!problems.isEmpty()) {
      throw new StartException(problems);
    }
    return result;
  }

  private static String problem(Listener listener, InetSocketAddress address, Throwable cause) {
    String where = listener.host() + ":" + listener.port();
    if (address.isUnresolved()) {
      return "Listener %s: the host of %s is not known; use a host or address of this machine."
          .formatted(listener.name(), where);
    }
    return "Listener %s: cannot listen on %s (%s); stop what uses the port or choose another one, with --listen or in listeners."
        .formatted(listener.name(), where, cause.getMessage());
  }

  private ServerBootstrap bootstrap(Listener listener) {
    ServerBootstrap bootstrap =
        new ServerBootstrap()
            .group(loops)
            .channel(transport.serverChannel())
            .option(ChannelOption.SO_BACKLOG, settings.backlog())
            .option(ChannelOption.SO_REUSEADDR, true)
            .option(ChannelOption.AUTO_READ, false)
            .childOption(ChannelOption.AUTO_READ, false)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childOption(ChannelOption.SO_KEEPALIVE, true)
            .childOption(
                ChannelOption.RECVBUF_ALLOCATOR,
                new AdaptiveRecvByteBufAllocator(READ_BYTES_MIN, READ_BYTES_FIRST, READ_BYTES_MAX))
            .childHandler(
                new ConnectionInitializer(
                    listener.name(),
                    settings,
                    services,
                    budget,
                    limits,
                    chooser,
                    counters,
                    clock,
                    clients,
                    peers,
                    heldForPeers));
    if (settings.sendBufferBytes() >= 0) {
      bootstrap.childOption(ChannelOption.SO_SNDBUF, settings.sendBufferBytes());
    }
    if (settings.receiveBufferBytes() >= 0) {
      bootstrap.option(ChannelOption.SO_RCVBUF, settings.receiveBufferBytes());
      bootstrap.childOption(ChannelOption.SO_RCVBUF, settings.receiveBufferBytes());
    }
    return bootstrap;
  }

  /**
   * Lets other brokers in. Clients that connect while there is no dispatcher are turned away, so
   * that they try another broker.
   */
  public void openToPeers(PeerService service) {
    peerService = service;
    servers.forEach(server -> server.config().setAutoRead(true));
  }

  /**
   * Lets clients in; without {@link #openToPeers} also those that connected since {@link #bind}.
   */
  public void open(Dispatcher requests) {
    dispatcher = requests;
    servers.forEach(server -> server.config().setAutoRead(true));
  }

  /** Likewise, and from now on these limits of connections hold. */
  public void open(Dispatcher requests, Admission admission) {
    limits.follow(admission);
    chooser.use(admission.loops());
    open(requests);
  }

  /**
   * Turns clients away until {@link #open}. On return no connection answers anything that becomes
   * known from now on.
   */
  public void closeClients() {
    dispatcher = null;
    clients.forEach(c -> c.pipeline().fireUserEventTriggered(CloseReason.INCARNATION_OVER));
  }

  /**
   * Lets no more clients in; connections stay. Other brokers still may connect: to them a closed
   * port means that the process is gone.
   */
  public void letNoMoreIn() {
    if (peerService == null) {
      closeListeners();
    } else {
      dispatcher = null;
    }
  }

  private void closeListeners() {
    servers.forEach(server -> server.close().awaitUninterruptibly());
    servers.clear();
  }

  /** Closes every connection, and gives the threads back; waits at most seconds. */
  @Override
  public void close() {
    closeListeners();
    for (ChannelGroup connections : List.of(clients, peers)) {
      connections.forEach(c -> c.pipeline().fireUserEventTriggered(CloseReason.STOP));
    }
    clients.newCloseFuture().awaitUninterruptibly(END_TIMEOUT_MS);
    peers.newCloseFuture().awaitUninterruptibly(END_TIMEOUT_MS);
    loops
        .shutdownGracefully(0, END_TIMEOUT_MS, TimeUnit.MILLISECONDS)
        .awaitUninterruptibly(END_TIMEOUT_MS);
  }

  /** Bytes received and not yet answered, all connections together. */
  public long queuedBytes() {
    return budget.used();
  }
}
