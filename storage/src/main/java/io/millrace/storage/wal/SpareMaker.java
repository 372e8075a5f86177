package io.millrace.storage.wal;

import io.millrace.runtime.EventLoop;
import java.io.IOException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Makes one spare ahead in the background, in steps with rests while it is well ahead, so that
 * running out of space shows here and never inside an entry. After a failure it tries again until
 * it succeeds. Owned by the WAL's loop; only the steps run on the pool.
 */
final class SpareMaker {
  private static final long RETRY_NS = TimeUnit.SECONDS.toNanos(1);
  private static final double LEAD = 0.25;
  private static final long PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(5);

  private final SpareFiles spares;
  private final EventLoop loop;
  private final Executor pool;
  private final Runnable onChange;
  private final DoubleSupplier used;
  private boolean busy;
  private boolean awaited;
  private boolean paused;
  private long wantedBytes;
  private SpareFiles.@Nullable Filling filling;
  private @Nullable IOException failure;
  private boolean closed;

  /**
   * @param onChange runs on the loop after each success and each failure
   * @param used how much of the present file is used, 0 to 1; filling rests only while it is ahead
   *     of that
   */
  SpareMaker(
      SpareFiles spares, EventLoop loop, Executor pool, Runnable onChange, DoubleSupplier used) {
    this.spares = spares;
    this.loop = loop;
    this.pool = pool;
    this.onChange = onChange;
    this.used = used;
  }

  /**
   * Sees to it that a spare of at least {@code bytes} comes to be.
   *
   * @param waiting whether entries wait for it
   */
  void want(long bytes, boolean waiting) {
    wantedBytes = bytes;
    awaited |= waiting;
    if (waiting) {
      resume();
    }
    if (!busy && !closed && !spares.has(bytes)) {
      busy = true;
      step();
    }
  }

  /** Why the last attempt failed; null if it succeeded or there was none. */
  @Nullable IOException failure() {
    return failure;
  }

  void close() {
    closed = true;
    resume();
  }

  private void step() {
    long bytes = wantedBytes;
    try {
      pool.execute(() -> stepOnPool(bytes));
    } catch (RejectedExecutionException e) {
      onStep(false, 0, new IOException("too many tasks wait for the disk", e));
    }
  }

  private void stepOnPool(long bytes) {
    boolean finished = false;
    double filled = 0;
    IOException failed = null;
    try {
      SpareFiles.Filling current = filling;
      if (current == null) {
        current = spares.begin(bytes);
        filling = current;
      }
      finished = current.step();
      filled = current.filled();
    } catch (IOException e) {
      failed = e;
    }
    if (finished || failed != null) {
      failed = finishOnPool(failed);
    }
    boolean done = finished;
    double share = filled;
    IOException outcome = failed;
    try {
      loop.execute(() -> onStep(done, share, outcome));
    } catch (RejectedExecutionException over) {
      finishOnPool(new IOException("the WAL has ended", over));
    }
  }

  private @Nullable IOException finishOnPool(@Nullable IOException failed) {
    SpareFiles.Filling ended = filling;
    filling = null;
    if (ended != null && failed != null) {
      try {
        ended.abandon();
      } catch (IOException e) {
        failed.addSuppressed(e);
      }
    }
    return failed;
  }

  private void onStep(boolean finished, double filled, @Nullable IOException outcome) {
    if (closed) {
      try {
        pool.execute(() -> finishOnPool(new IOException("the WAL has ended")));
      } catch (RejectedExecutionException over) {
        finishOnPool(new IOException("the WAL has ended", over));
      }
      return;
    }
    if (!finished && outcome == null) {
      if (awaited || filled < used.getAsDouble() + LEAD) {
        step();
      } else {
        paused = true;
        loop.schedule(PAUSE_NS, this::resume);
      }
      return;
    }
    failure = outcome;
    awaited = false;
    if (outcome == null) {
      busy = false;
      want(wantedBytes, false);
    } else {
      loop.schedule(RETRY_NS, this::retry);
    }
    onChange.run();
  }

  private void resume() {
    if (paused) {
      paused = false;
      step();
    }
  }

  private void retry() {
    busy = false;
    if (spares.has(wantedBytes)) {
      // A recycled file has come in the meantime; nobody else would clear the failure.
      failure = null;
      onChange.run();
    } else {
      want(wantedBytes, true);
    }
  }
}
