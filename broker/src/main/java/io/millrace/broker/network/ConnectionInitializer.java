package io.millrace.broker.network;

import io.millrace.broker.api.Caller;
import io.millrace.broker.api.Dispatcher;
import io.millrace.runtime.Clock;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.group.ChannelGroup;
import java.net.InetSocketAddress;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/**
 * Lets an accepted connection in, or closes it, and builds its pipeline. What a security protocol
 * adds belongs before the handler.
 */
final class ConnectionInitializer extends ChannelInitializer<Channel> {
  private static final String NOBODY = "User:ANONYMOUS";

  private final String listener;
  private final NetworkSettings settings;
  private final Supplier<Dispatcher> dispatcher;
  private final RequestBudget budget;
  private final ConnectionLimits limits;
  private final NetworkCounters counters;
  private final Clock clock;
  private final ChannelGroup connections;
  private final AtomicLong number = new AtomicLong();

  ConnectionInitializer(
      String listener,
      NetworkSettings settings,
      Supplier<Dispatcher> dispatcher,
      RequestBudget budget,
      ConnectionLimits limits,
      NetworkCounters counters,
      Clock clock,
      ChannelGroup connections) {
    this.listener = listener;
    this.settings = settings;
    this.dispatcher = dispatcher;
    this.budget = budget;
    this.limits = limits;
    this.counters = counters;
    this.clock = clock;
    this.connections = connections;
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
    connections.add(channel);
    ClientConnection connection =
        new ClientConnection(
            listener + channel.localAddress() + "-" + client + "-" + number.getAndIncrement());
    Caller caller = new Caller(listener, client, NOBODY, connection, channel.eventLoop());
    channel
        .pipeline()
        .addLast(
            new ConnectionHandler(
                settings,
                dispatcher.get(),
                budget,
                counters,
                clock,
                caller,
                connection,
                new FrameAssembler(channel.alloc(), settings.requestBytesMax())));
  }
}
