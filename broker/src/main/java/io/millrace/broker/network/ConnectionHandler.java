package io.millrace.broker.network;

import io.millrace.broker.api.Caller;
import io.millrace.broker.api.Dispatcher;
import io.millrace.broker.api.RefusedRequestException;
import io.millrace.protocol.EncodedResponse;
import io.millrace.runtime.Clock;
import io.millrace.runtime.FailureCause;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection, on its loop: bytes to frames to the dispatcher, answers back in request order.
 * Reads only while there is room for requests, for answers and in the budget. Each frame is held
 * until its handler is done, each answer until it is written.
 */
final class ConnectionHandler extends ChannelInboundHandlerAdapter {
  private static final Logger LOG = LoggerFactory.getLogger(ConnectionHandler.class);

  private final NetworkSettings settings;
  private final Dispatcher dispatcher;
  private final RequestBudget budget;
  private final NetworkCounters counters;
  private final Clock clock;
  private final Caller caller;
  private final ClientConnection connection;
  private final FrameAssembler assembler;
  private final ConnectionWatch watch;
  private final ArrayDeque<ByteBuf> received = new ArrayDeque<>(2);
  private final ResponseQueue responses = new ResponseQueue();

  /** Bytes received that no dispatched request accounts for yet. */
  private long unclaimedBytes;

  private long writtenBytes;
  private boolean dispatching;
  private boolean awaitingBudget;
  private boolean paused;
  private long pausedUntilNs;
  private boolean closed;

  ConnectionHandler(
      NetworkSettings settings,
      Dispatcher dispatcher,
      RequestBudget budget,
      NetworkCounters counters,
      Clock clock,
      Caller caller,
      ClientConnection connection,
      FrameAssembler assembler) {
    this.settings = settings;
    this.dispatcher = dispatcher;
    this.budget = budget;
    this.counters = counters;
    this.clock = clock;
    this.caller = caller;
    this.connection = connection;
    this.assembler = assembler;
    this.watch = new ConnectionWatch(settings, clock);
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    watch.start(ctx, this);
    advance(ctx);
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ByteBuf bytes = (ByteBuf) message;
    if (closed || !bytes.isReadable()) {
      bytes.release();
      return;
    }
    counters.onReceived(bytes.readableBytes());
    budget.take(bytes.readableBytes());
    unclaimedBytes += bytes.readableBytes();
    watch.onMoved();
    received.add(bytes);
    advance(ctx);
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    readIfRoom(ctx);
  }

  /** Goes on with what is received, then with what is not. */
  private void advance(ChannelHandlerContext ctx) {
    if (dispatching || closed) {
      return;
    }
    dispatching = true;
    try {
      while (!closed && !received.isEmpty() && roomForRequest()) {
        ByteBuf bytes = received.element();
        ByteBuf frame = assembler.next(bytes);
        if (frame != null) {
          budget.onFinished(this);
          dispatch(ctx, frame);
        }
        if (!closed && !bytes.isReadable()) {
          received.remove().release();
        }
      }
    } catch (FrameAssembler.FrameSizeException e) {
      close(ctx, CloseReason.FRAME_SIZE, String.valueOf(e.getMessage()));
    } finally {
      dispatching = false;
    }
    readIfRoom(ctx);
  }

  private boolean roomForRequest() {
    return !paused
        && responses.size() < settings.inFlightMax()
        && responses.finishedBytes() + writtenBytes < settings.responseBytesMax();
  }

  private void readIfRoom(ChannelHandlerContext ctx) {
    if (closed || dispatching || !received.isEmpty() || !roomForRequest()) {
      return;
    }
    if (budget.mayRead(this, assembler.unfinished())) {
      watch.reading(assembler.unfinished());
      ctx.read();
    } else if (!awaitingBudget) {
      watch.reading(false);
      awaitingBudget = true;
      budget.await(() -> onBudget(ctx));
    }
  }

  private void onBudget(ChannelHandlerContext ctx) {
    try {
      ctx.executor()
          .execute(() -> {
            awaitingBudget = false;
            readIfRoom(ctx);
          });
    } catch (RejectedExecutionException loopEnded) {
      // So has the connection.
    }
  }

  private void dispatch(ChannelHandlerContext ctx, ByteBuf frame) {
    int bytes = FrameAssembler.LENGTH_BYTES + frame.readableBytes();
    unclaimedBytes -= bytes;
    ResponseQueue.Pending pending = responses.add();
    CompletableFuture<@Nullable EncodedResponse> answer;
    try {
      answer = dispatcher.dispatch(frame.nioBuffer(), caller, clock.monotonicNs());
    } catch (RuntimeException bug) {
      LOG.error("Dispatch failed peer={}", caller.client(), bug);
      answer = CompletableFuture.failedFuture(bug);
    }
    answer.whenComplete((response, failure) -> {
      if (ctx.executor().inEventLoop()) {
        onAnswer(ctx, pending, frame, bytes, response, failure);
        return;
      }
      try {
        ctx.executor().execute(() -> onAnswer(ctx, pending, frame, bytes, response, failure));
      } catch (RejectedExecutionException loopEnded) {
        release(frame, bytes, response);
      }
    });
  }

  private void release(ByteBuf frame, int bytes, @Nullable EncodedResponse response) {
    frame.release();
    budget.giveBack(bytes);
    if (response != null) {
      response.release();
    }
  }

  private void onAnswer(
      ChannelHandlerContext ctx,
      ResponseQueue.Pending pending,
      ByteBuf frame,
      int bytes,
      @Nullable EncodedResponse response,
      @Nullable Throwable failure) {
    if (closed) {
      release(frame, bytes, response);
      return;
    }
    release(frame, bytes, null);
    pause(ctx, connection.takePause());
    if (failure != null) {
      onRefused(ctx, failure);
      return;
    }
    responses.finish(pending, response);
    boolean wrote = false;
    while (responses.ready()) {
      EncodedResponse next = responses.poll();
      if (next != null) {
        write(ctx, next);
        wrote = true;
      }
    }
    if (wrote) {
      ctx.flush();
    }
    watch.onMoved();
    advance(ctx);
  }

  /** What was received stays where it is, and no more is read. */
  private void pause(ChannelHandlerContext ctx, int forMs) {
    if (forMs > 0) {
      long untilNs = clock.monotonicNs() + TimeUnit.MILLISECONDS.toNanos(forMs);
      pausedUntilNs = paused && pausedUntilNs - untilNs > 0 ? pausedUntilNs : untilNs;
      if (!paused) {
        paused = true;
        watch.reading(false); // the rest of a frame is not waited for
        resumeWhenDue(ctx);
      }
    }
  }

  private void resumeWhenDue(ChannelHandlerContext ctx) {
    long restNs = pausedUntilNs - clock.monotonicNs();
    if (restNs > 0) {
      ctx.executor().schedule(() -> resumeWhenDue(ctx), restNs, TimeUnit.NANOSECONDS);
    } else {
      paused = false;
      advance(ctx);
    }
  }

  private void onRefused(ChannelHandlerContext ctx, Throwable failure) {
    Throwable cause = FailureCause.of(failure);
    if (cause instanceof RefusedRequestException) {
      close(ctx, CloseReason.REFUSED, String.valueOf(cause.getMessage()));
    } else {
      close(ctx, CloseReason.FAILURE, String.valueOf(cause));
    }
  }

  private void write(ChannelHandlerContext ctx, EncodedResponse response) {
    writtenBytes += response.sizeBytes();
    Iterator<ByteBuffer> buffers = response.buffers().iterator();
    while (buffers.hasNext()) {
      ChannelFuture write = ctx.write(Unpooled.wrappedBuffer(buffers.next()));
      if (!buffers.hasNext()) {
        write.addListener(done -> {
          response.release();
          writtenBytes -= response.sizeBytes();
          if (done.isSuccess()) {
            counters.onSent(response.sizeBytes());
            watch.onMoved();
            advance(ctx);
          }
        });
      }
    }
  }

  /** Requests whose handlers still work: the client waits for the broker. */
  boolean busy() {
    return responses.unfinished() > 0;
  }

  void close(ChannelHandlerContext ctx, CloseReason reason, String detail) {
    if (!closed) {
      counters.onClosed(reason, caller.client(), detail);
      releaseAll();
      ctx.close();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    if (!closed) {
      counters.onClosed(CloseReason.PEER, caller.client(), "");
      releaseAll();
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof CloseReason reason) {
      close(ctx, reason, "");
    }
  }

  private void releaseAll() {
    closed = true;
    watch.stop();
    assembler.release();
    received.forEach(ByteBuf::release);
    received.clear();
    responses.release();
    budget.giveBack(unclaimedBytes);
    unclaimedBytes = 0;
    budget.onFinished(this);
    connection.close();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (cause instanceof IOException) {
      close(ctx, CloseReason.PEER, String.valueOf(cause.getMessage()));
    } else {
      LOG.error("Connection failed peer={}", caller.client(), cause);
      close(ctx, CloseReason.FAILURE, String.valueOf(cause));
    }
  }
}
