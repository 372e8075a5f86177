package io.millrace.storage.log;

import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.errors.ApiException;
import org.jspecify.annotations.Nullable;

/** Who waits until an offset is durable. Owned by the partition's critical section. */
final class DurabilityWaits {
  private final TreeMap<Long, CompletableFuture<Void>> waits = new TreeMap<>();
  private @Nullable ApiException over;

  CompletableFuture<Void> on(long offset) {
    return over != null
        ? CompletableFuture.failedFuture(over)
        : waits.computeIfAbsent(offset, _ -> new CompletableFuture<>());
  }

  /** Those below {@code end}, to be completed outside of the critical section. */
  List<CompletableFuture<Void>> reached(long end) {
    return waits.isEmpty() ? List.of() : take(end);
  }

  /** Nothing more becomes durable: those that wait, to be failed with {@code reason} likewise. */
  List<CompletableFuture<Void>> end(ApiException reason) {
    over = reason;
    return take(Long.MAX_VALUE);
  }

  private List<CompletableFuture<Void>> take(long end) {
    var below = waits.headMap(end);
    List<CompletableFuture<Void>> taken = List.copyOf(below.values());
    below.clear();
    return taken;
  }
}
