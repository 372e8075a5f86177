package io.millrace.storage.wal;

import io.millrace.runtime.EventLoop;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jctools.queues.atomic.MpscUnboundedAtomicArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * The batches of a WAL from their hand-over on any thread until they are acknowledged on its loop,
 * or told that it has ended. What arrives is bounded by {@link WalAdmission}. Only {@link #append}
 * is called off the loop.
 */
final class WalIntake {
  private final EventLoop loop;
  private final Executor pool;
  private final Runnable flush;
  private final WalCounters counters;
  private final WalAdmission admission;
  private final MpscUnboundedAtomicArrayQueue<WalBatch> arriving =
      new MpscUnboundedAtomicArrayQueue<>(1024);
  private final AtomicBoolean flushQueued = new AtomicBoolean();
  private volatile @Nullable WalEndedException ended;
  private volatile boolean stopping;

  private final WaitingBatches waiting = new WaitingBatches();
  private final ArrayDeque<WalBatch> unacknowledged = new ArrayDeque<>();

  /**
   * @param flush runs on the loop after batches have arrived or {@link #requestFlush}
   * @param pool takes callbacks that may run in no caller
   */
  WalIntake(
      EventLoop loop, Executor pool, WalCounters counters, WalAdmission admission, Runnable flush) {
    this.loop = loop;
    this.pool = pool;
    this.counters = counters;
    this.admission = admission;
    this.flush = flush;
  }

  /** As {@link Wal#append}. */
  void append(WalBatch batch) {
    if (ended != null || stopping) {
      throw over();
    }
    try {
      admission.take(batch);
    } catch (WalFullException e) {
      counters.onRefused();
      throw e;
    }
    arriving.offer(batch);
    if (ended == null) {
      requestFlush();
    } else {
      failLater(); // it ended since it was asked, perhaps after its last look at the queue
    }
  }

  WalEndedException over() {
    WalEndedException cause = ended;
    return cause != null
        ? cause
        : new WalEndedException("the write-ahead log is being closed", null);
  }

  void requestFlush() {
    if (flushQueued.compareAndSet(false, true)) {
      try {
        loop.execute(this::onFlush);
      } catch (RejectedExecutionException closed) {
        failLater();
      }
    }
  }

  private void onFlush() {
    flushQueued.set(false);
    if (ended != null) {
      failAll();
    } else {
      flush.run();
    }
  }

  /** Moves what has arrived to {@link #waiting}; returns how many and their bytes. */
  Arrived takeArrived() {
    int batches = 0;
    long bytes = 0;
    WalBatch next;
    while ((next = arriving.poll()) != null) {
      waiting.add(next);
      batches++;
      bytes += next.bytes().remaining();
    }
    return new Arrived(batches, bytes);
  }

  /** Batches that came. */
  record Arrived(int batches, long bytes) {}

  WaitingBatches waiting() {
    return waiting;
  }

  /** These go into the next entry. */
  void onBegun(List<WalBatch> batches) {
    unacknowledged.addAll(batches);
  }

  /** The next batch, in WAL order, that is durable now; null if there is none. */
  @Nullable WalBatch nextDurable() {
    WalBatch batch = unacknowledged.poll();
    if (batch != null) {
      admission.onWritten(batch);
    }
    return batch;
  }

  int unacknowledged() {
    return unacknowledged.size();
  }

  /** Takes nothing more; what was taken goes on. Any thread. */
  void stop() {
    stopping = true;
  }

  boolean stopping() {
    return stopping;
  }

  @Nullable WalEndedException ended() {
    return ended;
  }

  /** Nothing is acknowledged from now on; false if it had ended before. */
  boolean end(WalEndedException cause) {
    if (ended != null) {
      return false;
    }
    ended = cause;
    return true;
  }

  /** After the end: every batch is told. */
  void failAll() {
    WalEndedException over = over();
    WalBatch batch;
    while ((batch = takeAny()) != null) {
      batch.onEnded(over);
    }
  }

  /** Not in the caller: it holds the lock of one partition, and callbacks take those of others. */
  private void failLater() {
    try {
      pool.execute(this::failAll);
    } catch (RejectedExecutionException closed) {
      // The process is at its end.
      return;
    }
  }

  private synchronized @Nullable WalBatch takeAny() {
    WalBatch batch = unacknowledged.poll();
    if (batch == null) {
      batch = waiting.poll();
    }
    return batch != null ? batch : arriving.poll();
  }
}
