package io.millrace.broker.transaction;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * What is to be asked of one broker: one request at a time, and what comes meanwhile goes together
 * with the next. On the owner's loop.
 */
final class Lane<T> {
  private static final int ITEMS_PER_REQUEST_MAX = 500;

  private final Function<T, Object> key;
  private final Function<List<T>, CompletableFuture<?>> send;
  private final Set<T> waiting = new LinkedHashSet<>();
  private boolean inFlight;

  /**
   * @param key no two items of one request have the same
   * @param send completes on the owner's loop when the request is answered or given up; never fails
   */
  Lane(Function<T, Object> key, Function<List<T>, CompletableFuture<?>> send) {
    this.key = key;
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
    Iterator<T> each = waiting.iterator();
    while (each.hasNext() && taken.size() < ITEMS_PER_REQUEST_MAX) {
      T item = each.next();
      if (keys.add(key.apply(item))) {
        taken.add(item);
        each.remove();
      }
    }
    return taken;
  }
}
