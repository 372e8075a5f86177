package io.millrace.broker.network;

import io.millrace.storage.cluster.PeerCodec;
import io.millrace.storage.cluster.PeerFormatException;
import io.millrace.storage.cluster.PeerReply;
import io.millrace.storage.cluster.PeerRequest;
import io.millrace.storage.cluster.PeerService;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection another broker has made, on its loop: each request to the {@link PeerService}, each
 * answer back as soon as it is there, whatever others wait for. Clients' memory is not its: all
 * such connections share an allowance of their own, and one that goes beyond it is closed.
 */
final class PeerHandler extends ChannelInboundHandlerAdapter {
  private static final Logger LOG = LoggerFactory.getLogger(PeerHandler.class);

  /** Bytes received and not yet answered, all connections of brokers together. */
  static final long HELD_BYTES_MAX = 32 << 20;

  private static final int IN_FLIGHT_MAX = 64;

  /** The asker has long given up then. */
  private static final long ANSWER_MS_MAX = 60_000;

  private final PeerService service;
  private final AtomicLong heldByAll;
  private final NetworkCounters counters;
  private final FrameAssembler assembler;
  private long heldBytes;
  private int inFlight;
  private boolean closed;

  /**
   * @param heldByAll bytes that count against {@link #HELD_BYTES_MAX}
   */
  PeerHandler(
      PeerService service,
      AtomicLong heldByAll,
      NetworkCounters counters,
      FrameAssembler assembler) {
    this.service = service;
    this.heldByAll = heldByAll;
    this.counters = counters;
    this.assembler = assembler;
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    ctx.channel().config().setAutoRead(true);
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ByteBuf bytes = (ByteBuf) message;
    try {
      counters.onReceived(bytes.readableBytes());
      hold(bytes.readableBytes());
      while (!closed && bytes.isReadable()) {
        ByteBuf frame = assembler.next(bytes);
        if (frame != null) {
          onFrame(ctx, frame);
        }
      }
      if (!closed && heldByAll.get() > HELD_BYTES_MAX) {
        close(ctx, CloseReason.REFUSED, "other brokers' requests hold too many bytes");
      }
    } catch (FrameAssembler.FrameSizeException e) {
      close(ctx, CloseReason.FRAME_SIZE, String.valueOf(e.getMessage()));
    } finally {
      bytes.release();
    }
  }

  private void hold(long bytes) {
    heldBytes += bytes;
    heldByAll.addAndGet(bytes);
  }

  private void onFrame(ChannelHandlerContext ctx, ByteBuf frame) {
    int bytes = FrameAssembler.LENGTH_BYTES + frame.readableBytes();
    try {
      if (frame.readableBytes() < PeerFrames.REQUEST_HEADER_BYTES
          || frame.readShort() != PeerFrames.API_KEY
          || frame.readShort() != PeerFrames.VERSION) {
        close(ctx, CloseReason.REFUSED, "the request is not one between brokers of this version");
        return;
      }
      int correlationId = frame.readInt();
      answer(ctx, correlationId, bytes, PeerCodec.decodeRequest(frame.nioBuffer()));
    } catch (PeerFormatException e) {
      close(ctx, CloseReason.REFUSED, String.valueOf(e.getMessage()));
    } finally {
      frame.release();
    }
  }

  private void answer(
      ChannelHandlerContext ctx, int correlationId, int bytes, PeerRequest request) {
    if (inFlight == IN_FLIGHT_MAX) {
      hold(-bytes);
      write(ctx, correlationId, new PeerReply.Declined(IN_FLIGHT_MAX + " requests wait already"));
      return;
    }
    inFlight++;
    Waiting waiting = new Waiting(ctx, correlationId, bytes);
    waiting.timer =
        ctx.executor().schedule(() -> waiting.end(null), ANSWER_MS_MAX, TimeUnit.MILLISECONDS);
    CompletableFuture<PeerReply> reply;
    try {
      reply = service.answer(request);
    } catch (RuntimeException bug) {
      reply = CompletableFuture.failedFuture(bug);
    }
    reply.whenComplete((answer, bug) -> {
      if (bug != null) {
        LOG.error("A request of another broker failed {}", request, bug);
      }
      if (ctx.executor().inEventLoop()) {
        waiting.end(answer);
        return;
      }
      try {
        ctx.executor().execute(() -> waiting.end(answer));
      } catch (RejectedExecutionException loopEnded) {
        // so has the connection
      }
    });
  }

  /** A request without an answer. */
  private final class Waiting {
    private final ChannelHandlerContext ctx;
    private final int correlationId;
    private final int bytes;
    private @Nullable Future<?> timer;
    private boolean ended;

    Waiting(ChannelHandlerContext ctx, int correlationId, int bytes) {
      this.ctx = ctx;
      this.correlationId = correlationId;
      this.bytes = bytes;
    }

    /** With the answer, or without one. */
    void end(@Nullable PeerReply answer) {
      if (ended || closed) {
        return;
      }
      ended = true;
      inFlight--;
      hold(-bytes);
      if (timer != null) {
        timer.cancel(false);
      }
      if (answer != null) {
        write(ctx, correlationId, answer);
      }
    }
  }

  private void write(ChannelHandlerContext ctx, int correlationId, PeerReply reply) {
    byte[] body = encode(reply);
    if (body == null) {
      return;
    }
    ByteBuf frame = PeerFrames.reply(correlationId, body);
    int bytes = frame.readableBytes();
    ctx.writeAndFlush(frame)
        .addListener(done -> {
          if (done.isSuccess()) {
            counters.onSent(bytes);
          }
        });
  }

  /**
   * Null, which is silence, if there is no saying it: that it was declined would be untrue. Entries
   * are only a help to the asker; those that do not fit are left out.
   */
  private static byte @Nullable [] encode(PeerReply reply) {
    try {
      return PeerCodec.encode(reply);
    } catch (IllegalArgumentException tooLarge) {
      if (reply instanceof PeerReply.Committed(var voidReasons, var entries)
          && !entries.isEmpty()) {
        return encode(new PeerReply.Committed(voidReasons, entries.subList(0, entries.size() / 2)));
      }
      LOG.error("An answer to another broker is too large", tooLarge);
      return null;
    }
  }

  /** A broker that does not take its answers is not read. */
  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    ctx.channel().config().setAutoRead(ctx.channel().isWritable());
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof CloseReason reason) {
      close(ctx, reason, "");
    } else if (event instanceof IdleStateEvent) {
      close(ctx, CloseReason.IDLE, "");
    }
  }

  private void close(ChannelHandlerContext ctx, CloseReason reason, String detail) {
    if (!closed) {
      SocketAddress peer = ctx.channel().remoteAddress();
      counters.onClosed(reason, peer, detail);
      release();
      ctx.close();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    if (!closed) {
      counters.onClosed(CloseReason.PEER, ctx.channel().remoteAddress(), "");
      release();
    }
  }

  private void release() {
    closed = true;
    assembler.release();
    hold(-heldBytes);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (!(cause instanceof IOException)) {
      LOG.error("Connection of another broker failed", cause);
    }
    close(ctx, CloseReason.PEER, String.valueOf(cause.getMessage()));
  }
}
