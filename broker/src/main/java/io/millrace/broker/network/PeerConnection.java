package io.millrace.broker.network;

import io.millrace.storage.cluster.PeerFormatException;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One connection to another broker: connecting, then open, then gone for ever. Requests wait while
 * it connects and are answered in any order; the correlation id tells which. On its event loop.
 */
final class PeerConnection extends ChannelInboundHandlerAdapter {
  private static final int IN_FLIGHT_MAX = 64;
  private static final int IN_FLIGHT_BYTES_MAX = 8 << 20;
  private static final int CONNECT_TIMEOUT_MS = 10_000;

  private final PeerConnections.Address address;
  private final EventLoop loop;
  private final Transport transport;
  private final Executor names;
  private final Runnable onGone;
  private final Map<Integer, Pending> pending = new LinkedHashMap<>();
  private @Nullable Channel channel;
  private @Nullable FrameAssembler assembler;
  private int nextCorrelationId;
  private int inFlightBytes;
  private long answers;
  private boolean gone;

  /** A request without an answer. */
  private static final class Pending {
    private final PeerExchange exchange;
    private final long answersBefore;
    private @Nullable Future<?> timer;

    Pending(PeerExchange exchange, long answersBefore) {
      this.exchange = exchange;
      this.answersBefore = answersBefore;
    }
  }

  /**
   * @param onGone the connection is of no use any more
   */
  PeerConnection(
      PeerConnections.Address address,
      EventLoop loop,
      Transport transport,
      Executor names,
      Runnable onGone) {
    this.address = address;
    this.loop = loop;
    this.transport = transport;
    this.names = names;
    this.onGone = onGone;
  }

  void connect() {
    try {
      names.execute(() -> {
        try {
          InetAddress host = InetAddress.getByName(address.host());
          loop.execute(() -> connect(new InetSocketAddress(host, address.port())));
        } catch (UnknownHostException e) {
          loop.execute(() -> close("the host " + address.host() + " is not known"));
        }
      });
    } catch (RejectedExecutionException full) {
      close("too many host names are being looked up");
    }
  }

  private void connect(InetSocketAddress resolved) {
    if (gone) {
      return;
    }
    ChannelFuture connecting =
        new Bootstrap()
            .group(loop)
            .channel(transport.socketChannel())
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MS)
            .option(ChannelOption.TCP_NODELAY, true)
            .option(ChannelOption.SO_KEEPALIVE, true)
            .handler(this)
            .connect(resolved);
    channel = connecting.channel();
    connecting.addListener(done -> {
      Throwable cause = done.cause();
      if (cause == null) {
        return;
      }
      if (refused(cause)) {
        end(each -> each.onRefused("nobody listens at " + address));
      } else {
        close(address + ": " + cause.getMessage());
      }
    });
  }

  /** Only the other machine's own answer says that the process is gone. */
  private static boolean refused(Throwable cause) {
    String message = cause.getMessage();
    return cause instanceof ConnectException
        && message != null
        && message.toLowerCase(Locale.ROOT).contains("connection refused");
  }

  void send(PeerExchange exchange, long timeoutNs) {
    if (pending.size() == IN_FLIGHT_MAX
        || inFlightBytes + exchange.sizeBytes() > IN_FLIGHT_BYTES_MAX) {
      exchange.onSilence(
          address + " owes " + pending.size() + " answers already, to " + inFlightBytes + " bytes");
      return;
    }
    int id = nextCorrelationId++;
    Pending request = new Pending(exchange, answers);
    request.timer = loop.schedule(() -> onTimeout(id), timeoutNs, TimeUnit.NANOSECONDS);
    pending.put(id, request);
    inFlightBytes += exchange.sizeBytes();
    Channel open = channel;
    if (open != null && open.isActive()) {
      write(open, id, request);
    }
  }

  private static void write(Channel open, int id, Pending request) {
    var unused = open.writeAndFlush(request.exchange.frame(id));
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    assembler = new FrameAssembler(ctx.alloc(), address.answerBytesMax());
    pending.forEach((id, request) -> write(ctx.channel(), id, request));
  }

  private void onTimeout(int id) {
    Pending request = take(id);
    if (request == null) {
      return;
    }
    request.exchange.onSilence(address + " does not answer");
    // where nothing came back at all the way may be broken: the next request tries a new one
    if (request.answersBefore == answers) {
      close(address + " does not answer");
    }
  }

  private @Nullable Pending take(int id) {
    Pending request = pending.remove(id);
    if (request != null) {
      inFlightBytes -= request.exchange.sizeBytes();
      if (request.timer != null) {
        request.timer.cancel(false);
      }
    }
    return request;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ByteBuf bytes = (ByteBuf) message;
    try {
      FrameAssembler frames = assembler;
      while (!gone && frames != null && bytes.isReadable()) {
        ByteBuf frame = frames.next(bytes);
        if (frame != null) {
          onFrame(frame);
        }
      }
    } catch (FrameAssembler.FrameSizeException | PeerFormatException e) {
      close(address + " sends what is no answer: " + e.getMessage());
    } finally {
      bytes.release();
    }
  }

  private void onFrame(ByteBuf frame) {
    try {
      if (frame.readableBytes() < PeerFrames.REPLY_HEADER_BYTES) {
        close(address + " sends what is no answer");
        return;
      }
      int id = frame.getInt(frame.readerIndex());
      Pending request = pending.get(id);
      if (request != null) {
        // who waits for an answer that cannot be read is told by close
        request.exchange.onAnswer(frame.nioBuffer());
      }
      answers++;
      take(id);
    } finally {
      frame.release();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    close("the connection to " + address + " broke");
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    close("the connection to " + address + " broke: " + cause.getMessage());
  }

  /** Whatever waits for an answer gets none. */
  void close(String reason) {
    end(each -> each.onSilence(reason));
  }

  private void end(Consumer<PeerExchange> outcome) {
    if (gone) {
      return;
    }
    gone = true;
    onGone.run();
    if (channel != null) {
      channel.close();
    }
    if (assembler != null) {
      assembler.release();
    }
    for (int id : List.copyOf(pending.keySet())) {
      Pending request = take(id);
      if (request != null) {
        outcome.accept(request.exchange);
      }
    }
  }
}
