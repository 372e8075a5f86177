package io.millrace.storage.object;

import io.millrace.runtime.EventLoop;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Makes a merge yield to the log: after each step it rests as long as the step's bytes take at the
 * rate allowed, and eight times as long while the log's syncs are slower than they should be.
 *
 * @param bytesPerSecondMax rate of bytes read or written while the log is fine
 * @param syncLatencyNs how long the log's last syncs took
 * @param syncLatencyNsMax above it the log has a hard time
 */
public record MergePace(long bytesPerSecondMax, LongSupplier syncLatencyNs, long syncLatencyNsMax) {
  private static final int SLOWER = 8;

  public MergePace {
    if (bytesPerSecondMax <= 0) {
      throw new IllegalArgumentException("a merge needs a rate above 0");
    }
  }

  CompletableFuture<Void> after(EventLoop loop, long bytes) {
    long restNs = (long) ((double) bytes / bytesPerSecondMax * TimeUnit.SECONDS.toNanos(1));
    if (syncLatencyNs.getAsLong() > syncLatencyNsMax) {
      restNs *= SLOWER;
    }
    CompletableFuture<Void> rested = new CompletableFuture<>();
    loop.schedule(restNs, () -> rested.complete(null));
    return rested;
  }
}
