package io.millrace.storage.object;

import java.util.HashMap;
import java.util.Map;

/**
 * Which objects readers of this process are reading right now, so that a WAL file is not recycled
 * under them. A reader pins first and then looks whether the image still lists the object; the
 * recycler waits for the image that does not list it and then looks for pins. So at least one of
 * them sees the other. Any thread may call.
 */
public final class ObjectPins {
  private final Map<String, Integer> pins = new HashMap<>();

  synchronized void pin(String key) {
    pins.merge(key, 1, Integer::sum);
  }

  synchronized void unpin(String key) {
    Integer count = pins.get(key);
    if (count == null) {
      throw new IllegalStateException(key + " is not pinned");
    }
    if (count == 1) {
      pins.remove(key);
    } else {
      pins.put(key, count - 1);
    }
  }

  public synchronized boolean isPinned(String key) {
    return pins.containsKey(key);
  }
}
