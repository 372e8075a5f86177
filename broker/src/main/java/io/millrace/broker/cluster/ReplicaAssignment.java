package io.millrace.broker.cluster;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/** Which brokers are meant to lead new partitions. */
public final class ReplicaAssignment {
  private ReplicaAssignment() {}

  /**
   * Spreads leaders and followers evenly: partition p begins at broker (start + p), and the
   * distance to the second replica grows each time round, so that the load of a broker that fails
   * goes to different ones.
   *
   * @param brokers live ones, ascending; at least {@code replicationFactor}
   * @param start where partition {@code firstPartition} begins
   */
  public static List<List<Integer>> spread(
      List<Integer> brokers, int start, int firstPartition, int partitions, int replicationFactor) {
    int n = brokers.size();
    List<List<Integer>> assignment = new ArrayList<>(partitions);
    for (int p = firstPartition; p < firstPartition + partitions; p++) {
      List<Integer> replicas = new ArrayList<>(replicationFactor);
      replicas.add(brokers.get((start + p) % n));
      int shift = p / n;
      for (int r = 1; r < replicationFactor; r++) {
        int distance = 1 + (shift + r - 1) % (n - 1);
        replicas.add(brokers.get((start + p + distance) % n));
      }
      assignment.add(List.copyOf(replicas));
    }
    return assignment;
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
