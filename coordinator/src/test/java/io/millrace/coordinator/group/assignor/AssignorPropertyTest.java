package io.millrace.coordinator.group.assignor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Random groups that change step by step; what holds for every assignment holds at each step. */
class AssignorPropertyTest {
  private static final int GROUPS = 300;
  private static final int STEPS = 12;

  private final Random random = new Random(848);

  @ParameterizedTest
  @ValueSource(strings = {"uniform", "range"})
  void everyPartitionGoesToExactlyOneSubscriber(String name) {
    Assignor assignor = assignor(name);
    for (int i = 0; i < GROUPS; i++) {
      World world = new World(random, i % 2 == 0);
      for (int step = 0; step < STEPS; step++) {
        Map<String, Map<Uuid, Set<Integer>>> assigned = world.assign(assignor);
        world.checkOwners(assigned);
        world.change();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"uniform", "range"})
  void theSameInputGivesTheSameAssignment(String name) {
    Assignor assignor = assignor(name);
    for (int i = 0; i < GROUPS; i++) {
      World world = new World(random, i % 2 == 0);
      assertThat(world.compute(assignor)).isEqualTo(world.compute(assignor));
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void uniformNumbersCannotBeMadeMoreEqualByAMove(boolean alike) {
    Assignor assignor = new UniformAssignor();
    for (int i = 0; i < GROUPS; i++) {
      World world = new World(random, alike);
      for (int step = 0; step < STEPS; step++) {
        world.checkBalance(world.assign(assignor));
        world.change();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void uniformMovesNothingWhereNothingChanged(boolean alike) {
    Assignor assignor = new UniformAssignor();
    for (int i = 0; i < GROUPS; i++) {
      World world = new World(random, alike);
      Map<String, Map<Uuid, Set<Integer>>> first = world.assign(assignor);

      assertThat(world.assign(assignor)).isEqualTo(first);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void uniformTakesFromNobodyWhenOneLeavesAGroupOfEquals(boolean statics) {
    Assignor assignor = new UniformAssignor();
    for (int i = 0; i < GROUPS; i++) {
      World world = new World(random, true);
      world.statics = statics;
      Map<String, Map<Uuid, Set<Integer>>> before = world.assign(assignor);
      if (world.members.size() < 2) {
        continue;
      }
      String left = world.members.keySet().iterator().next();
      world.members.remove(left);
      Map<String, Map<Uuid, Set<Integer>>> after = world.assign(assignor);

      for (String member : after.keySet()) {
        assertThat(flat(after.get(member)))
            .containsAll(flat(Objects.requireNonNull(before.get(member))));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 7})
  void rangeGivesEqualNumbersOfCopartitionedTopicsToOneMember(int members) {
    Uuid left = new Uuid(1, 1);
    Uuid right = new Uuid(1, 2);
    Map<String, MemberSpec> specs = new TreeMap<>();
    for (int m = 0; m < members; m++) {
      specs.put("m" + m, new MemberSpec(Optional.empty(), Set.of(left, right), Map.of()));
    }

    Map<String, Map<Uuid, Set<Integer>>> assigned =
        new RangeAssignor().assign(specs, Map.of(left, 10, right, 10));

    assertThat(assigned.values())
        .allSatisfy(each -> assertThat(each.get(left)).isEqualTo(each.get(right)));
  }

  private static Assignor assignor(String name) {
    return name.equals("range") ? new RangeAssignor() : new UniformAssignor();
  }

  private static Set<TopicPartition> flat(Map<Uuid, Set<Integer>> partitions) {
    Set<TopicPartition> flat = new HashSet<>();
    partitions.forEach(
        (topic, numbers) -> numbers.forEach(p -> flat.add(new TopicPartition("" + topic, p))));
    return flat;
  }

  /** A group with its topics. */
  private static final class World {
    private final Random random;
    private final boolean alike;
    private final Map<Uuid, Integer> partitions = new TreeMap<>();
    private final Map<String, Set<Uuid>> members = new TreeMap<>();
    private Map<String, Map<Uuid, Set<Integer>>> current = Map.of();
    private boolean statics;
    private int nextMember;

    World(Random random, boolean alike) {
      this.random = random;
      this.alike = alike;
      int topics = 1 + random.nextInt(6);
      for (int t = 0; t < topics; t++) {
        partitions.put(new Uuid(7, t), 1 + random.nextInt(12));
      }
      int count = 1 + random.nextInt(7);
      for (int m = 0; m < count; m++) {
        join();
      }
    }

    private void join() {
      members.put("m" + nextMember++, subscription());
    }

    private Set<Uuid> subscription() {
      List<Uuid> topics = new ArrayList<>(partitions.keySet());
      if (alike) {
        return new TreeSet<>(topics);
      }
      Set<Uuid> some = new TreeSet<>();
      int count = 1 + random.nextInt(topics.size());
      for (int i = 0; i < count; i++) {
        some.add(topics.get(random.nextInt(topics.size())));
      }
      return some;
    }

    void change() {
      switch (random.nextInt(4)) {
        case 0 -> join();
        case 1 -> {
          if (members.size() > 1) {
            members.remove(new ArrayList<>(members.keySet()).get(random.nextInt(members.size())));
          }
        }
        case 2 -> {
          Uuid topic = new ArrayList<>(partitions.keySet()).get(random.nextInt(partitions.size()));
          partitions.merge(topic, 1 + random.nextInt(3), Integer::sum);
        }
        default -> {
          if (!alike) {
            String member = new ArrayList<>(members.keySet()).get(random.nextInt(members.size()));
            members.put(member, subscription());
          }
        }
      }
    }

    Map<String, Map<Uuid, Set<Integer>>> compute(Assignor assignor) {
      Map<String, MemberSpec> specs = new TreeMap<>();
      members.forEach((id, topics) ->
          specs.put(
              id,
              new MemberSpec(
                  statics ? Optional.of("i-" + id) : Optional.empty(),
                  topics,
                  current.getOrDefault(id, Map.of()))));
      return assignor.assign(specs, partitions);
    }

    Map<String, Map<Uuid, Set<Integer>>> assign(Assignor assignor) {
      current = compute(assignor);
      return current;
    }

    void checkOwners(Map<String, Map<Uuid, Set<Integer>>> assigned) {
      assertThat(assigned.keySet()).isEqualTo(members.keySet());
      Set<TopicPartition> given = new HashSet<>();
      assigned.forEach((member, topics) ->
          topics.forEach((topic, numbers) -> {
            assertThat(members.get(member)).contains(topic);
            for (int p : numbers) {
              assertThat(p).isBetween(0, Objects.requireNonNull(partitions.get(topic)) - 1);
              assertThat(given.add(new TopicPartition("" + topic, p))).isTrue();
            }
          }));
      int expected =
          partitions.entrySet().stream()
              .filter(each -> members.values().stream().anyMatch(s -> s.contains(each.getKey())))
              .mapToInt(Map.Entry::getValue)
              .sum();
      assertThat(given).hasSize(expected);
    }

    void checkBalance(Map<String, Map<Uuid, Set<Integer>>> assigned) {
      for (String from : assigned.keySet()) {
        for (Uuid topic : assigned.get(from).keySet()) {
          for (String to : assigned.keySet()) {
            if (Objects.requireNonNull(members.get(to)).contains(topic)) {
              assertThat(flat(assigned.get(from)).size() - flat(assigned.get(to)).size())
                  .as("%s has more of %s than %s", from, topic, to)
                  .isLessThan(2);
            }
          }
        }
      }
    }
  }
}
