package io.millrace.simulation;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** Counts how often the broker did what the small sizes are there to make it do, as seen from the disk. */
final class Coverage {
  private static final Map<String, Pattern> CALLS =
      new TreeMap<>(
          Map.of(
              "WAL file made", Pattern.compile("open CREATE .*/store/wal/.*"),
              "WAL file recycled", Pattern.compile("rename .*/store/wal/.*"),
              "metadata entry", Pattern.compile("link .*/store/meta/log/.*"),
              "boundary", Pattern.compile("link .*/store/meta/boundary/.*"),
              "object merged", Pattern.compile("link .*/store/data/.*"),
              "checkpoint", Pattern.compile("link .*/store/checkpoint/.*"),
              "object deleted", Pattern.compile("delete .*/store/(data|checkpoint|meta)/.*")));

  private final Map<String, Long> counts = new TreeMap<>();

  void onDiskCall(String call) {
    CALLS.forEach(
        (what, pattern) -> {
          if (pattern.matcher(call).find()) {
            count(what, 1);
          }
        });
  }

  void count(String what, long times) {
    counts.merge(what, times, Long::sum);
  }

  void add(Coverage other) {
    other.counts.forEach(this::count);
  }

  Map<String, Long> counts() {
    return Collections.unmodifiableMap(counts);
  }
}
