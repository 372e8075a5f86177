package io.millrace.broker.config;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads HOST:COUNT,HOST:COUNT. */
public final class HostLimits {
  /** One host's limit. */
  public record Entry(String host, int limit) {}

  private HostLimits() {}

  /** Why {@code text} cannot be read; null if it can. */
  static @Nullable String problem(String text) {
    try {
      parse(text);
      return null;
    } catch (IllegalArgumentException e) {
      return "expected HOST:COUNT,HOST:COUNT";
    }
  }

  /**
   * The entries, in order.
   *
   * @throws IllegalArgumentException if it has a {@link #problem}
   */
  public static List<Entry> parse(String text) {
    List<Entry> entries = new ArrayList<>();
    for (String part : text.split(",", -1)) {
      String entry = part.trim();
      if (entry.isEmpty() && text.isBlank()) {
        continue;
      }
      int colon = entry.lastIndexOf(':');
      int limit = colon < 1 ? -1 : Integer.parseInt(entry.substring(colon + 1).trim());
      if (limit < 0) {
        throw new IllegalArgumentException(entry);
      }
      entries.add(new Entry(entry.substring(0, colon).trim(), limit));
    }
    return entries;
  }
}
