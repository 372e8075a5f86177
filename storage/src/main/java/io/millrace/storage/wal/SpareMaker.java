package io.millrace.storage.wal;

import io.millrace.runtime.EventLoop;
import java.io.IOException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Makes one spare ahead in the background, in steps with pauses unless somebody waits for it, so that running out of space shows here
 * and never inside an entry. After a failure it tries again until it succeeds. Owned by the WAL's loop; only the steps run on the pool.
 */
final class SpareMaker {
  private static final long RETRY_NS = TimeUnit.SECONDS.toNanos(1);
  private static final long PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(5);

  private final SpareFiles spares;
  private final EventLoop loop;
  private final Executor pool;
  private final Runnable onChange;
  private boolean busy;
  private boolean awaited;
  private boolean paused;
  private long wantedBytes;
  private SpareFiles.@Nullable Filling filling;
  private @Nullable IOException failure;
  private boolean closed;

  /** {@code onChange} runs on the loop after each success and each failure. */
  SpareMaker(SpareFiles spares, EventLoop loop, Executor pool, Runnable onChange) {
    this.spares = spares;
    this.loop = loop;
    this.pool = pool;
    this.onChange = onChange;
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
      onStep(false, new IOException("too many tasks wait for the disk", e));
    }
  }

  private void stepOnPool(long bytes) {
    boolean finished = false;
    IOException failed = null;
    try {
      SpareFiles.Filling current = filling;
      if (current == null) {
        current = spares.begin(bytes);
        filling = current;
      }
      finished = current.step();
    } catch (IOException e) {
      failed = e;
    }
    if (finished || failed != null) {
      failed = finishOnPool(failed);
    }
    boolean done = finished;
    IOException outcome = failed;
    try {
      loop.execute(() -> onStep(done, outcome));
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

  private void onStep(boolean finished, @Nullable IOException outcome) {
    if (closed) {
      pool.execute(() -> finishOnPool(new IOException("the WAL has ended")));
      return;
    }
    if (!finished && outcome == null) {
      if (awaited) {
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
    want(wantedBytes, true);
  }
}
