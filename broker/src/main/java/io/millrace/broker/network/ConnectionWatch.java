package io.millrace.broker.network;

import io.millrace.runtime.Clock;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Notices when nothing moves on a connection: an idle client, one that does not read its answers, a
 * frame that does not grow. One timer, which looks at marks the connection leaves, so traffic costs
 * no timers. On the connection's loop.
 */
final class ConnectionWatch {
  private final Clock clock;
  private final long idleMaxNs;
  private final long partialMaxNs;
  private long movedAtNs;
  private boolean waitsForRest;
  private long outboundProgress = -1;
  private @Nullable Future<?> timer;
  private boolean partialTimer;

  private @Nullable ChannelHandlerContext ctx;
  private @Nullable ConnectionHandler handler;

  ConnectionWatch(NetworkSettings settings, Clock clock) {
    this.clock = clock;
    this.idleMaxNs = TimeUnit.MILLISECONDS.toNanos(settings.idleMaxMs());
    this.partialMaxNs = TimeUnit.MILLISECONDS.toNanos(settings.partialFrameMaxMs());
    this.movedAtNs = clock.monotonicNs();
  }

  void start(ChannelHandlerContext context, ConnectionHandler owner) {
    ctx = context;
    handler = owner;
    schedule(idleMaxNs);
  }

  void stop() {
    Future<?> scheduled = timer;
    if (scheduled != null) {
      scheduled.cancel(false);
    }
    ctx = null;
  }

  /** Bytes came in, or an answer went out or became ready. */
  void onMoved() {
    movedAtNs = clock.monotonicNs();
  }

  /** The socket is read from now on; {@code unfinished} if the rest of a frame is waited for. */
  void reading(boolean unfinished) {
    if (unfinished && !waitsForRest) {
      movedAtNs = clock.monotonicNs();
    }
    waitsForRest = unfinished;
    if (unfinished && !partialTimer && partialMaxNs < idleMaxNs) {
      partialTimer = true;
      schedule(partialMaxNs);
    }
  }

  private void schedule(long delayNs) {
    ChannelHandlerContext context = ctx;
    if (context != null) {
      Future<?> before = timer;
      if (before != null) {
        before.cancel(false);
      }
      timer = context.executor().schedule(this::look, delayNs, TimeUnit.NANOSECONDS);
    }
  }

  private void look() {
    ChannelHandlerContext context = ctx;
    ConnectionHandler owner = handler;
    if (context == null || owner == null) {
      return;
    }
    partialTimer = waitsForRest && partialMaxNs < idleMaxNs;
    long maxNs = waitsForRest ? Math.min(partialMaxNs, idleMaxNs) : idleMaxNs;
    boolean waitsForClient = waitsToBeRead(context);
    if (!waitsForClient && !waitsForRest && owner.busy()) {
      onMoved();
    }
    long restNs = maxNs - (clock.monotonicNs() - movedAtNs);
    if (restNs > 0) {
      schedule(restNs);
    } else if (waitsForClient) {
      owner.close(context, CloseReason.SLOW_READER, "");
    } else if (waitsForRest) {
      owner.close(context, CloseReason.PARTIAL_FRAME, "");
    } else {
      owner.close(context, CloseReason.IDLE, "");
    }
  }

  /**
   * Whether answers wait for the client; notes it if it took some bytes of them since the last
   * look.
   */
  private boolean waitsToBeRead(ChannelHandlerContext context) {
    ChannelOutboundBuffer outbound = context.channel().unsafe().outboundBuffer();
    if (outbound == null || outbound.isEmpty()) {
      outboundProgress = -1;
      return false;
    }
    long progress = outbound.totalPendingWriteBytes() ^ outbound.currentProgress() << 32;
    if (progress != outboundProgress) {
      outboundProgress = progress;
      onMoved();
    }
    return true;
  }
}
