package io.millrace.broker.cluster;

import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/** Which brokers are meant to lead new partitions. */
public final class ReplicaAssignment {
  private ReplicaAssignment() {}

  /**
   * Spreads leaders and followers evenly: partition p begins at broker (start + p), and the
   * distance to the second replica grows each time round, so that the load of a broker that fails
   * goes to different ones. Replicas of a partition are in racks of their own while there are such;
   * brokers without one count as in the same.
   *
   * @param racks of the live brokers, at least {@code replicationFactor}; "" for none
   * @param start where partition {@code firstPartition} begins
   */
  public static List<List<Integer>> spread(
      SortedMap<Integer, String> racks,
      int start,
      int firstPartition,
      int partitions,
      int replicationFactor) {
    List<Integer> brokers = byTurnsOfRacks(racks);
    int n = brokers.size();
    if (replicationFactor > n) {
      throw new IllegalArgumentException(replicationFactor + " replicas on brokers " + brokers);
    }
    List<List<Integer>> assignment = new ArrayList<>(partitions);
    for (int p = firstPartition; p < firstPartition + partitions; p++) {
      int leader = (start + p) % n;
      int shift = p / n;
      Set<Integer> replicas = new LinkedHashSet<>(Set.of(brokers.get(leader)));
      Set<String> used = new HashSet<>(Set.of(rack(racks, brokers.get(leader))));
      while (replicas.size() < replicationFactor) {
        for (int r = 0; r < n - 1 && replicas.size() < replicationFactor; r++) {
          int broker = brokers.get((leader + 1 + (shift + r) % (n - 1)) % n);
          if (!replicas.contains(broker) && used.add(rack(racks, broker))) {
            replicas.add(broker);
          }
        }
        used.clear();
      }
      assignment.add(List.copyOf(replicas));
    }
    return assignment;
  }

  private static String rack(SortedMap<Integer, String> racks, int broker) {
    return Objects.requireNonNull(racks.get(broker));
  }

  /** The live brokers and their racks, "" for none. */
  public static SortedMap<Integer, String> racks(MetadataImage image) {
    SortedMap<Integer, String> racks = new TreeMap<>();
    for (int id : image.brokers().keySet()) {
      Incarnation incarnation = image.broker(id);
      racks.put(id, incarnation == null ? "" : incarnation.rack().orElse(""));
    }
    return racks;
  }

  /** The first of each rack, the second of each, and so on, so that neighbours are far apart. */
  private static List<Integer> byTurnsOfRacks(SortedMap<Integer, String> racks) {
    SortedMap<String, Deque<Integer>> left = new TreeMap<>();
    racks.forEach(
        (broker, rack) -> left.computeIfAbsent(rack, r -> new ArrayDeque<>()).add(broker));
    List<Integer> brokers = new ArrayList<>(racks.size());
    while (!left.isEmpty()) {
      left.values().forEach(those -> brokers.add(those.remove()));
      left.values().removeIf(Deque::isEmpty);
    }
    return brokers;
  }

  /** Null if that many replicas can be had. */
  public static @Nullable Refusal tooFew(Set<Integer> liveBrokers, int replicationFactor) {
    return replicationFactor <= liveBrokers.size()
        ? null
        : new Refusal(
            Errors.INVALID_REPLICATION_FACTOR,
            ("Unable to replicate the partition %d time(s): The target replication factor of %d cannot be reached because only %d"
                    + " broker(s) are registered or some brokers have all their log directories cordoned.")
                .formatted(replicationFactor, replicationFactor, liveBrokers.size()));
  }

  /**
   * What is wrong with assignments made by hand, null if nothing.
   *
   * @param replicationFactor what all must have, -1 if the first one decides
   */
  public static @Nullable Refusal problem(
      Set<Integer> liveBrokers, List<List<Integer>> assignments, int replicationFactor) {
    int expected = replicationFactor;
    for (List<Integer> replicas : assignments) {
      if (replicas.isEmpty()) {
        return refused("The manual partition assignment includes an empty replica list.");
      }
      Set<Integer> seen = new HashSet<>();
      for (int broker : replicas.stream().sorted().toList()) {
        if (!liveBrokers.contains(broker)) {
          return refused(
              "The manual partition assignment includes broker %d, but no such broker is registered."
                  .formatted(broker));
        }
        if (!seen.add(broker)) {
          return refused(
              "The manual partition assignment includes the broker %d more than once."
                  .formatted(broker));
        }
      }
      if (expected >= 0 && replicas.size() != expected) {
        return refused(
            ("The manual partition assignment includes a partition with %d replica(s), but this is not consistent with previous"
                    + " partitions, which have %d replica(s).")
                .formatted(replicas.size(), expected));
      }
      expected = replicas.size();
    }
    return null;
  }

  private static Refusal refused(String message) {
    return new Refusal(Errors.INVALID_REPLICA_ASSIGNMENT, message);
  }
}
