package io.millrace.coordinator.group.assignor;

import java.util.Comparator;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.common.Uuid;

/** What one member has while an assignment is being made. */
final class Shares {
  /** Who has least first. */
  static final Comparator<Shares> LIGHTEST =
      Comparator.comparingInt(Shares::size).thenComparing(shares -> shares.memberId);

  private final String memberId;
  private final TreeMap<Uuid, TreeSet<Integer>> partitions = new TreeMap<>();
  private int size;

  Shares(String memberId) {
    this.memberId = memberId;
  }

  int size() {
    return size;
  }

  boolean has(Uuid topic) {
    return partitions.containsKey(topic);
  }

  void add(Uuid topic, int partition) {
    if (partitions.computeIfAbsent(topic, t -> new TreeSet<>()).add(partition)) {
      size++;
    }
  }

  /** Takes away its highest partition of a topic that it has. */
  int takeLast(Uuid topic) {
    TreeSet<Integer> numbers = partitions.get(topic);
    if (numbers == null) {
      throw new IllegalStateException(memberId + " has nothing of " + topic);
    }
    int taken = numbers.removeLast();
    if (numbers.isEmpty()) {
      partitions.remove(topic);
    }
    size--;
    return taken;
  }

  Map<Uuid, Set<Integer>> partitions() {
    return new TreeMap<>(partitions);
  }
}
