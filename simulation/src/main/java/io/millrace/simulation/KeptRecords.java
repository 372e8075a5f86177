package io.millrace.simulation;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Map.Entry;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What one producer wrote to a partition of its own, record by record, and what may be left of it:
 * by key (E8), or from some offset on.
 */
final class KeptRecords {
  private final String name;
  private final boolean compacted;
  private final BooleanSupplier losesOldest;
  private final TreeMap<Long, Written> written = new TreeMap<>();
  private List<Written> underWay = List.of();
  private long startMax;
  private long absent;

  /** Key and value; a tombstone without one. */
  record Written(String key, @Nullable String value) {}

  /**
   * @param compacted whether superseded records may go
   * @param losesOldest whether the log start may have moved
   */
  KeptRecords(String name, boolean compacted, BooleanSupplier losesOldest) {
    this.name = name;
    this.compacted = compacted;
    this.losesOldest = losesOldest;
  }

  /** These are sent, and will be until they are acknowledged. */
  void sent(List<Written> records) {
    underWay = List.copyOf(records);
  }

  void acknowledged(long baseOffset) {
    long end = written.isEmpty() ? 0 : written.lastKey() + 1;
    if (baseOffset != end) {
      throw new Violation("I3: %s goes on at %d, not at %d".formatted(name, baseOffset, end));
    }
    for (Written each : underWay) {
      written.put(written.isEmpty() ? baseOffset : written.lastKey() + 1, each);
    }
    underWay = List.of();
  }

  /** One past what was acknowledged. */
  long end() {
    return written.isEmpty() ? 0 : written.lastKey() + 1;
  }

  /** Records of which some read found that they had gone. */
  long absent() {
    return absent;
  }

  /** A record that was read, whenever that was. */
  void checkRead(long offset, Written found) {
    Written known = written.get(offset);
    long behind = offset - end();
    if (known == null && behind >= 0 && behind < underWay.size()) {
      known = underWay.get((int) behind);
    }
    if (!found.equals(known)) {
      throw new Violation(
          "A2/E8: offset %d of %s is %s, it was %s".formatted(offset, name, found, known));
    }
  }

  /** The log start at any time: a reason to move must be there when it is seen to have moved. */
  void checkStart(long start) {
    if (start < startMax
        || start > end() + underWay.size()
        || (start > startMax && !losesOldest.getAsBoolean())) {
      throw new Violation(
          "E10/E18: %s begins at %d after %d, and ends at %d"
              .formatted(name, start, startMax, end()));
    }
    startMax = start;
  }

  /**
   * All that is left, while nothing is under way.
   *
   * @param start the log start
   */
  void checkWhole(long start, Map<Long, Written> left) {
    checkStart(start);
    Map<String, Long> newest = new HashMap<>();
    written.forEach((offset, each) -> newest.put(each.key(), offset));
    Set<String> forgotten = new HashSet<>();
    List<Long> gone = new ArrayList<>();
    for (Entry<Long, Written> each : written.entrySet()) {
      boolean isNewest = each.getKey().equals(newest.get(each.getValue().key()));
      if (left.containsKey(each.getKey())) {
        continue;
      }
      gone.add(each.getKey());
      if (each.getKey() >= start && (!compacted || (isNewest && each.getValue().value() != null))) {
        throw new Violation(
            "A1/E8: offset %d of %s is gone: %s".formatted(each.getKey(), name, each.getValue()));
      }
      if (isNewest && each.getKey() >= start) {
        forgotten.add(each.getValue().key());
      }
    }
    left.forEach((offset, each) -> {
      if (forgotten.contains(each.key())) {
        throw new Violation(
            "E8: offset %d of %s has come back: its tombstone is gone".formatted(offset, name));
      }
    });
    absent = Math.max(absent, gone.size());
  }
}
