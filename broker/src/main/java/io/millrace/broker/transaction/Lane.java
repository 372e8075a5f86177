package io.millrace.broker.transaction;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.ToIntFunction;

/**
 * What is to be asked of one broker: one request at a time, and what comes meanwhile goes together
 * with the next. On the owner's loop.
 */
final class Lane<T> {
  private static final int PARTITIONS_PER_REQUEST_MAX = 5_000;

  private final Function<T, Object> key;
  private final ToIntFunction<T> partitions;
  private final Function<List<T>, CompletableFuture<?>> send;
  private final Set<T> waiting = new LinkedHashSet<>();
  private boolean inFlight;

  /**
   * @param key no two items of one request have the same
   * @param partitions how many an item names
   * @param send completes on the owner's loop when the request is answered or given up; never fails
   */
  Lane(
      Function<T, Object> key,
      ToIntFunction<T> partitions,
      Function<List<T>, CompletableFuture<?>> send) {
    this.key = key;
    this.partitions = partitions;
    this.send = send;
  }

  void add(T item) {
    waiting.add(item);
    sendNext();
  }

  boolean idle() {
    return !inFlight && waiting.isEmpty();
  }

  private void sendNext() {
    if (inFlight || waiting.isEmpty()) {
      return;
    }
    inFlight = true;
    send.apply(take())
        .whenComplete((_, _) -> {
          inFlight = false;
          sendNext();
        });
  }

  private List<T> take() {
    List<T> taken = new ArrayList<>();
    Set<Object> keys = new HashSet<>();
    int named = 0;
    Iterator<T> each = waiting.iterator();
    while (each.hasNext() && named < PARTITIONS_PER_REQUEST_MAX) {
      T item = each.next();
      if (keys.add(key.apply(item))) {
        taken.add(item);
        named += partitions.applyAsInt(item);
        each.remove();
      }
    }
    return taken;
  }
}
