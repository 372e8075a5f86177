package io.millrace.storage.log;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Runs each listener once at the next change. Any thread may call. */
final class ChangeListeners {
  private final Map<Long, Runnable> waiting = new LinkedHashMap<>();
  private long nextNumber;

  Runnable add(Runnable listener) {
    long number;
    synchronized (this) {
      number = nextNumber++;
      waiting.put(number, listener);
    }
    return () -> remove(number);
  }

  void changed() {
    List<Runnable> told;
    synchronized (this) {
      if (waiting.isEmpty()) {
        return;
      }
      told = List.copyOf(waiting.values());
      waiting.clear();
    }
    told.forEach(Runnable::run);
  }

  private synchronized void remove(long number) {
    waiting.remove(number);
  }
}
