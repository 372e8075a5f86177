package io.millrace.broker.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ReplicaAssignmentTest {
  private static final NavigableMap<Integer, String> NO_RACKS =
      new TreeMap<>(Map.of(1, "", 2, "", 3, "", 4, ""));
  private static final NavigableMap<Integer, String> TWO_RACKS =
      new TreeMap<>(Map.of(1, "a", 2, "a", 3, "b", 4, "b"));

  @Test
  void leadersAndFollowersAreSpreadEvenly() {
    List<List<Integer>> assignment = ReplicaAssignment.spread(NO_RACKS, 1, 0, 12, 3);

    assertThat(count(assignment.stream().map(List::getFirst).toList()).values()).containsOnly(3L);
    assertThat(count(assignment.stream().flatMap(List::stream).toList()).values()).containsOnly(9L);
  }

  @Test
  void theFollowersOfALeaderDifferFromRoundToRound() {
    List<List<Integer>> assignment = ReplicaAssignment.spread(NO_RACKS, 0, 0, 12, 2);

    assertThat(
            assignment.stream()
                .filter(replicas -> replicas.getFirst() == 1)
                .map(List::getLast)
                .toList())
        .containsExactly(2, 3, 4);
  }

  @Test
  void replicasOfAPartitionAreInRacksOfTheirOwnAndStillSpreadEvenly() {
    List<List<Integer>> assignment = ReplicaAssignment.spread(TWO_RACKS, 3, 0, 8, 2);

    assertThat(assignment)
        .allSatisfy(
            replicas -> assertThat(replicas).extracting(TWO_RACKS::get).doesNotHaveDuplicates());
    assertThat(count(assignment.stream().flatMap(List::stream).toList()).values()).containsOnly(4L);
  }

  @Test
  void withMoreReplicasThanRacksEachRackHasItsShare() {
    List<List<Integer>> assignment = ReplicaAssignment.spread(TWO_RACKS, 0, 5, 8, 4);

    assertThat(assignment)
        .allSatisfy(replicas -> {
          assertThat(replicas).containsExactlyInAnyOrder(1, 2, 3, 4);
          assertThat(replicas.subList(0, 2))
              .extracting(TWO_RACKS::get)
              .containsExactlyInAnyOrder("a", "b");
        });
  }

  private static Map<Integer, Long> count(Collection<Integer> brokers) {
    return brokers.stream()
        .collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));
  }
}
