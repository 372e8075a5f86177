package io.millrace.simulation;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * Counts how often the broker did what the small sizes are there to make it do, as seen from the
 * disk.
 */
final class Coverage {
  private static final Map<String, Pattern> CALLS =
      new TreeMap<>(
          Map.of(
              "WAL file begun", Pattern.compile("rename .*/spare/.* .*/store/wal/.*"),
              "WAL file given back", Pattern.compile("rename .*/store/wal/.* .*/spare/.*"),
              "metadata entry", Pattern.compile("link .*/store/meta/log/.*"),
              "boundary", Pattern.compile("link .*/store/meta/boundary/.*"),
              "object merged", Pattern.compile("link .*/store/data/.*"),
              "checkpoint", Pattern.compile("link .*/store/checkpoint/.*"),
              "object deleted", Pattern.compile("delete .*/store/(data|checkpoint|meta)/.*")));

  private final Map<String, Long> counts = new TreeMap<>();

  void onDiskCall(String call) {
    CALLS.forEach((what, pattern) -> {
      if (pattern.matcher(call).find()) {
        count(what, 1);
      }
    });
  }

  void count(String what, long times) {
    if (times > 0) {
      counts.merge(what, times, Long::sum);
    }
  }

  long count(String what) {
    return counts.getOrDefault(what, 0L);
  }

  Map<String, Long> counts() {
    return Collections.unmodifiableMap(counts);
  }
}
