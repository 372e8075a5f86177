package io.millrace.coordinator.group.offset;

import java.util.HashMap;
import java.util.Map;

/**
 * One object for all that are equal, as far as it was asked for lately: a million offsets name a
 * few topics. Bounded; forgetting costs memory only.
 */
final class Interned<T> {
  private static final int KNOWN_MAX = 1 << 16;

  private final Map<T, T> known = new HashMap<>();

  T of(T value) {
    T first = known.putIfAbsent(value, value);
    if (first != null) {
      return first;
    }
    if (known.size() > KNOWN_MAX) {
      known.clear();
    }
    return value;
  }
}
