package io.millrace.broker.network;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The first handler of a connection where other brokers may connect too: reads until it is clear
 * who is there, then gives way to the handler for that kind. Does not ask for room for clients'
 * requests, which they may have used up; what it reads is one read.
 */
final class ConnectionDoor extends ChannelInboundHandlerAdapter {
  /** Who has connected. */
  enum Kind {
    CLIENT,
    PEER
  }

  private final Function<Kind, ChannelHandler[]> handlers;
  private final NetworkCounters counters;
  private final long undecidedMaxMs;
  private @Nullable ByteBuf held;
  private @Nullable Future<?> timer;

  /**
   * @param handlers of the kind; none if it is not let in
   * @param undecidedMaxMs how long a connection may leave it open who it is
   */
  ConnectionDoor(
      Function<Kind, ChannelHandler[]> handlers, NetworkCounters counters, long undecidedMaxMs) {
    this.handlers = handlers;
    this.counters = counters;
    this.undecidedMaxMs = undecidedMaxMs;
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    timer =
        ctx.executor()
            .schedule(() -> close(ctx, CloseReason.IDLE), undecidedMaxMs, TimeUnit.MILLISECONDS);
    ctx.read();
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ByteBuf bytes = (ByteBuf) message;
    held = held == null ? bytes : Unpooled.wrappedBuffer(held, bytes);
    if (held.readableBytes() < PeerFrames.KIND_BYTES) {
      return;
    }
    ChannelHandler[] next = handlers.apply(PeerFrames.fromPeer(held) ? Kind.PEER : Kind.CLIENT);
    if (next.length == 0) {
      close(ctx, CloseReason.NOT_SERVING);
      return;
    }
    ByteBuf first = held;
    held = null;
    ctx.pipeline().addLast(next);
    ctx.fireChannelActive();
    ctx.fireChannelRead(first);
    ctx.pipeline().remove(this);
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    ctx.read();
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    counters.onClosed(CloseReason.PEER, ctx.channel().remoteAddress(), "");
    release();
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof CloseReason reason) {
      close(ctx, reason);
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    close(ctx, CloseReason.PEER);
  }

  private void close(ChannelHandlerContext ctx, CloseReason reason) {
    counters.onClosed(reason, ctx.channel().remoteAddress(), "");
    ctx.pipeline().remove(this);
    ctx.channel().close();
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    release();
  }

  private void release() {
    if (timer != null) {
      timer.cancel(false);
      timer = null;
    }
    if (held != null) {
      held.release();
      held = null;
    }
  }
}
