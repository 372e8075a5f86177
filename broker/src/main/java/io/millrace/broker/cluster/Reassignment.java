package io.millrace.broker.cluster;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/**
 * A change of a partition's replicas that is under way, as Kafka shows it.
 *
 * @param replicas the new ones in their order, then those being removed
 */
public record Reassignment(List<Integer> replicas, List<Integer> adding, List<Integer> removing) {

  /**
   * @param leader outside the new replicas
   */
  static Reassignment of(List<Integer> before, List<Integer> replicas, int leader) {
    List<Integer> adding = new ArrayList<>(replicas);
    adding.removeAll(before);
    TreeSet<Integer> removing = new TreeSet<>(before);
    removing.add(leader);
    replicas.forEach(removing::remove);
    List<Integer> all = new ArrayList<>(replicas);
    all.addAll(removing);
    return new Reassignment(
        List.copyOf(all), adding.stream().sorted().toList(), List.copyOf(removing));
  }

  /** The replicas after a cancellation: those of before, in the order that stands now. */
  public List<Integer> cancelled() {
    List<Integer> kept = new ArrayList<>(replicas);
    kept.removeAll(adding);
    return List.copyOf(kept);
  }
}
