package io.millrace.storage.cache;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Loaded values, least recently used go first when they weigh too much. One load per key at a time;
 * failures are not kept. Any thread may call. Which values stay depends on the order of calls
 * alone, so a simulation replays it.
 */
public final class LoadingCache<K, V> {
  private final long weightMax;
  private final Function<K, CompletableFuture<V>> loader;
  private final ToLongFunction<V> weigher;
  private final Map<K, V> loaded = new LinkedHashMap<>(16, 0.75f, true);
  private final Map<K, List<CompletableFuture<V>>> loading = new LinkedHashMap<>();
  private long weight;

  public LoadingCache(
      long weightMax, Function<K, CompletableFuture<V>> loader, ToLongFunction<V> weigher) {
    this.weightMax = weightMax;
    this.loader = loader;
    this.weigher = weigher;
  }

  /** The value, already complete if it is here. */
  public CompletableFuture<V> get(K key) {
    CompletableFuture<V> waiter = new CompletableFuture<>();
    synchronized (this) {
      V present = loaded.get(key);
      if (present != null) {
        return CompletableFuture.completedFuture(present);
      }
      List<CompletableFuture<V>> waiters = loading.get(key);
      if (waiters != null) {
        waiters.add(waiter);
        return waiter;
      }
      loading.put(key, new ArrayList<>(List.of(waiter)));
    }
    CompletableFuture<V> load;
    try {
      load = loader.apply(key);
    } catch (RuntimeException e) {
      load = CompletableFuture.failedFuture(e);
    }
    var _ = load.whenComplete((value, failure) -> onLoaded(key, value, failure));
    return waiter;
  }

  /** The value if it is here. */
  public synchronized @Nullable V ifLoaded(K key) {
    return loaded.get(key);
  }

  private void onLoaded(K key, @Nullable V value, @Nullable Throwable failure) {
    List<CompletableFuture<V>> waiters;
    synchronized (this) {
      waiters = loading.remove(key);
      if (value != null) {
        loaded.put(key, value);
        weight += weigher.applyAsLong(value);
        shrink();
      }
    }
    if (waiters == null) {
      throw new IllegalStateException("nobody asked for " + key);
    }
    for (CompletableFuture<V> waiter : waiters) {
      if (value != null) {
        waiter.complete(value);
      } else {
        waiter.completeExceptionally(
            failure == null ? new IllegalStateException(key + " loaded nothing") : failure);
      }
    }
  }

  private void shrink() {
    Iterator<V> oldest = loaded.values().iterator();
    while (weight > weightMax && loaded.size() > 1) {
      weight -= weigher.applyAsLong(oldest.next());
      oldest.remove();
    }
  }
}
