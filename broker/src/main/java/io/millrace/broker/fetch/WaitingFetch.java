package io.millrace.broker.fetch;

import io.millrace.runtime.EventLoop;
import io.millrace.storage.log.PartitionLog;
import io.millrace.storage.log.PartitionLog.LogSlice;
import io.millrace.storage.log.Partitions;
import io.millrace.storage.metadata.MetadataImage;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One fetch until it can be answered: reads; if that is too little, waits for a change of any of
 * its partitions and reads again, until the time is up. Holds no bytes while it waits. Everything
 * after the first read happens on its loop.
 */
public final class WaitingFetch {
  private final Supplier<MetadataImage> image;
  private final Partitions partitions;
  private final EventLoop loop;
  private final List<FetchWish> wishes;
  private final FetchLimits limits;
  private final CompletableFuture<List<PartitionFetch>> done = new CompletableFuture<>();
  private final AtomicBoolean woken = new AtomicBoolean();
  private final List<Runnable> listeners = new ArrayList<>();
  private EventLoop.@Nullable Cancellable timer;
  private boolean timeUp;

  private WaitingFetch(
      Supplier<MetadataImage> image,
      Partitions partitions,
      EventLoop loop,
      List<FetchWish> wishes,
      FetchLimits limits) {
    this.image = image;
    this.partitions = partitions;
    this.loop = loop;
    this.wishes = wishes;
    this.limits = limits;
  }

  /** All wishes in their order; never fails. The receiver releases the slices. */
  public static CompletableFuture<List<PartitionFetch>> fetch(
      Supplier<MetadataImage> image,
      Partitions partitions,
      EventLoop loop,
      List<FetchWish> wishes,
      FetchLimits limits) {
    WaitingFetch fetch = new WaitingFetch(image, partitions, loop, wishes, limits);
    FetchRound.read(partitions, image.get(), wishes, limits).thenAccept(fetch::onFirstRead);
    return fetch.done;
  }

  private void onFirstRead(List<PartitionFetch> fetched) {
    if (wishes.isEmpty() || limits.waitNsMax() <= 0 || enough(fetched)) {
      done.complete(fetched);
      return;
    }
    loop.execute(() -> {
      timer = loop.schedule(limits.waitNsMax(), this::onTimeUp);
      await(fetched);
    });
  }

  private boolean enough(List<PartitionFetch> fetched) {
    long bytes = 0;
    for (PartitionFetch fetch : fetched) {
      switch (fetch) {
        case PartitionFetch.Failed _ -> {
          return true;
        }
        case PartitionFetch.Read(_, _, LogSlice slice) -> bytes += slice.sizeBytes();
      }
    }
    return bytes >= limits.bytesMin();
  }

  /**
   * Gives back what was read and listens; what changed between reading and listening wakes at once.
   */
  private void await(List<PartitionFetch> fetched) {
    woken.set(false);
    boolean changed = false;
    for (PartitionFetch fetch : fetched) {
      if (fetch instanceof PartitionFetch.Read(_, PartitionLog log, LogSlice slice)) {
        listeners.add(log.onChange(this::wake));
        changed |=
            log.highWatermark() != slice.highWatermark()
                || log.lastStableOffset() != slice.lastStableOffset();
        slice.release();
      }
    }
    if (changed) {
      wake();
    }
  }

  /** Any thread; hops once however many partitions change. */
  private void wake() {
    if (woken.compareAndSet(false, true)) {
      loop.execute(this::readAgain);
    }
  }

  private void onTimeUp() {
    timeUp = true;
    // a read under way answers whatever it finds
    wake();
  }

  private void readAgain() {
    listeners.forEach(Runnable::run);
    listeners.clear();
    FetchRound.read(partitions, image.get(), wishes, limits)
        .thenAccept(fetched -> {
          if (loop.inLoop()) {
            onRead(fetched);
          } else {
            loop.execute(() -> onRead(fetched));
          }
        });
  }

  private void onRead(List<PartitionFetch> fetched) {
    if (!timeUp && !enough(fetched)) {
      await(fetched);
      return;
    }
    if (timer != null) {
      timer.cancel();
    }
    done.complete(fetched);
  }
}
