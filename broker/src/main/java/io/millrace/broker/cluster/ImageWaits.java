package io.millrace.broker.cluster;

import io.millrace.runtime.EventLoop;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataLog.IncarnationEndedException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;

/**
 * Those who wait until the metadata image shows something, their time is up or the incarnation is
 * over. One per metadata log. Any thread may call; they are answered on the metadata's loop, on the
 * one for timers or on that which ends it all.
 */
public final class ImageWaits implements AutoCloseable {
  private static final int WAITING_MAX = 1000;

  private final MetadataLog metadata;
  private final EventLoop timers;
  private final Set<Wait> waiting = new LinkedHashSet<>(); // guarded by this
  private boolean closed; // guarded by this

  private static final class Wait {
    private final Predicate<MetadataImage> condition;
    private final CompletableFuture<MetadataImage> future = new CompletableFuture<>();

    Wait(Predicate<MetadataImage> condition) {
      this.condition = condition;
    }
  }

  public ImageWaits(MetadataLog metadata, EventLoop timers) {
    this.metadata = metadata;
    this.timers = timers;
    metadata.addListener((_, after) -> onImage(after));
    var unused = metadata.ended().thenAccept(_ -> close());
  }

  /**
   * Completes with the first image that meets the condition, or with the newest one when the time
   * is up, or at once if too many wait. Fails with {@link IncarnationEndedException} only.
   */
  public CompletableFuture<MetadataImage> until(
      Predicate<MetadataImage> condition, long timeoutNs) {
    Wait wait = new Wait(condition);
    synchronized (this) {
      if (closed) {
        return CompletableFuture.failedFuture(over());
      }
      if (waiting.size() == WAITING_MAX) {
        return CompletableFuture.completedFuture(metadata.image());
      }
      waiting.add(wait);
    }
    EventLoop.Cancellable timer =
        timers.schedule(timeoutNs, () -> wait.future.complete(metadata.image()));
    wait.future.whenComplete((_, _) -> {
      timer.cancel();
      remove(wait);
    });
    // it may have come before the wait was known
    MetadataImage now = metadata.image();
    if (condition.test(now)) {
      wait.future.complete(now);
    }
    return wait.future;
  }

  private synchronized void remove(Wait wait) {
    waiting.remove(wait);
  }

  private static IncarnationEndedException over() {
    return new IncarnationEndedException("the incarnation is over; what comes next is not known");
  }

  /** Nobody is kept waiting. Idempotent. */
  @Override
  public void close() {
    List<Wait> all;
    synchronized (this) {
      closed = true;
      all = new ArrayList<>(waiting);
    }
    all.forEach(wait -> wait.future.completeExceptionally(over()));
  }

  private void onImage(MetadataImage image) {
    List<Wait> all;
    synchronized (this) {
      if (waiting.isEmpty()) {
        return;
      }
      all = new ArrayList<>(waiting);
    }
    for (Wait wait : all) {
      if (wait.condition.test(image)) {
        wait.future.complete(image);
      }
    }
  }
}
