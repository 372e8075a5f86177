package io.millrace.storage.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.storage.PartitionId;
import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.ImageWorld;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.IncarnationState;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.MetadataImage.Topic;
import io.millrace.storage.metadata.MetadataRecord;
import io.millrace.storage.metadata.MetadataRecord.IncarnationFenced;
import io.millrace.storage.metadata.MetadataRecord.IncarnationRecovered;
import io.millrace.storage.metadata.MetadataRecord.IncarnationRegistered;
import io.millrace.storage.metadata.MetadataRecord.LeaderHandedOver;
import io.millrace.storage.metadata.MetadataRecord.TargetLeaderSet;
import io.millrace.storage.metadata.MetadataRecord.TopicCreated;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.BiConsumer;
import java.util.stream.LongStream;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class LeaderBalanceTest {
  private static final PartitionId T0 = new PartitionId(new Uuid(1, 1), 0);

  private final ImageWorld world = new ImageWorld();
  private int lives;
  private int topics;

  private WriterId register(int node) {
    WriterId writer = new WriterId(node, lives++);
    world.applied(
        writer,
        new IncarnationRegistered(
            writer,
            node,
            Optional.ofNullable(world.image().brokers().get(node)),
            List.of(),
            Optional.empty(),
            "test"));
    return writer;
  }

  private WriterId live(int node) {
    return Objects.requireNonNull(world.image().brokers().get(node));
  }

  private WriterId anyLive() {
    return live(world.image().brokers().lastKey());
  }

  private void create(List<List<Integer>> replicas) {
    topics++;
    world.applied(
        anyLive(), new TopicCreated(new Uuid(1, topics), "t" + topics, replicas, Map.of()));
  }

  private void recoverAll() {
    for (var incarnation : world.image().incarnations().values()) {
      if (incarnation.state() == IncarnationState.FENCED) {
        world.applied(
            anyLive(),
            new IncarnationRecovered(
                incarnation.writer(), incarnation.trim(), incarnation.trim(), List.of()));
      }
    }
  }

  private void end(int node) {
    WriterId ended = live(node);
    int by =
        world.image().brokers().keySet().stream().filter(n -> n != node).findFirst().orElseThrow();
    world.applied(live(by), new IncarnationFenced(ended));
  }

  private List<MetadataRecord> plan() {
    return LeaderBalance.plan(world.image(), true, Integer.MAX_VALUE);
  }

  /** Plans are applied, and leaders obey, until nothing is left to do. */
  private void settle(int recordsMax) {
    for (int round = 0; round < 1000; round++) {
      List<MetadataRecord> plan = LeaderBalance.plan(world.image(), true, recordsMax);
      assertThat(plan.size()).isLessThanOrEqualTo(recordsMax);
      plan.forEach(record -> world.applied(anyLive(), record));
      if (plan.isEmpty() && !obey()) {
        return;
      }
    }
    throw new AssertionError("no end in sight: " + plan());
  }

  private boolean obey() {
    boolean[] any = new boolean[1];
    each((id, p) -> {
      if (p.leader().isPresent() && p.targetLeader().isPresent()) {
        world.applied(
            p.leader().get(), new LeaderHandedOver(id, p.leaderEpoch(), p.targetLeader().get()));
        any[0] = true;
      }
    });
    return any[0];
  }

  private void each(BiConsumer<PartitionId, Partition> action) {
    for (Topic topic : world.image().topics().values()) {
      for (int i = 0; i < topic.partitions().size(); i++) {
        action.accept(new PartitionId(topic.id(), i), topic.partitions().get(i));
      }
    }
  }

  private Map<Integer, Integer> leaders() {
    Map<Integer, Integer> leaders = new HashMap<>();
    world.image().brokers().keySet().forEach(node -> leaders.put(node, 0));
    each((_, p) ->
        p.leader()
            .ifPresent(w ->
                leaders.merge(
                    Objects.requireNonNull(world.image().incarnations().get(w)).nodeId(),
                    1,
                    Integer::sum)));
    return leaders;
  }

  private Partition partition(PartitionId id) {
    return Objects.requireNonNull(world.image().partition(id));
  }

  @Test
  void aPartitionThatIsNotLedByItsFirstLiveReplicaGetsItAsTarget() {
    register(1);
    register(2);
    create(List.of(List.of(2, 1), List.of(1, 2)));
    world.applied(live(2), new LeaderHandedOver(T0, 0, 1));

    assertThat(plan()).containsExactly(new TargetLeaderSet(T0, 2));
    settle(64);
    assertThat(partition(T0).leader()).contains(live(2));
  }

  @Test
  void aTargetThatLivesStandsAndADeadOneIsReplaced() {
    register(1);
    register(2);
    register(3);
    create(List.of(List.of(1, 2)));
    world.applied(live(1), new TargetLeaderSet(T0, 3));
    assertThat(plan()).isEmpty();

    end(3);

    assertThat(plan()).containsExactly(new TargetLeaderSet(T0, 1));
    assertThat(LeaderBalance.plan(world.image(), false, 64))
        .containsExactly(new TargetLeaderSet(T0, 1));
    settle(64);
    assertThat(partition(T0).targetLeader()).isEmpty();
  }

  @Test
  void withoutBalancingOnlyDeadTargetsAreTakenBack() {
    register(1);
    create(List.of(List.of(1), List.of(1), List.of(1), List.of(1)));
    register(2);

    assertThat(LeaderBalance.plan(world.image(), false, 64)).isEmpty();
    assertThat(plan()).isNotEmpty();
  }

  @Test
  void aNewcomerGetsItsShareFromThoseThatHaveMost() {
    register(1);
    register(2);
    List<List<Integer>> replicas = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      replicas.add(i % 2 == 0 ? List.of(1, 2) : List.of(2, 1));
    }
    create(replicas);
    register(3);

    settle(64);

    assertThat(leaders().values()).allSatisfy(n -> assertThat(n).isBetween(9, 11));
    each((_, p) -> assertThat(p.replicas()).hasSize(2).doesNotHaveDuplicates());
  }

  @Test
  void ofEveryTopicTheNewcomerGetsAPart() {
    register(1);
    for (int i = 0; i < 5; i++) {
      create(List.of(List.of(1), List.of(1), List.of(1), List.of(1)));
    }
    register(2);

    settle(64);

    for (Topic topic : world.image().topics().values()) {
      assertThat(topic.partitions()).filteredOn(p -> p.replicas().equals(List.of(2))).hasSize(2);
    }
  }

  @Test
  void aBrokerThatIsAwayKeepsItsPlaceInTheLists() {
    register(1);
    register(2);
    register(3);
    create(
        List.of(
            List.of(1, 2),
            List.of(2, 3),
            List.of(3, 1),
            List.of(1, 3),
            List.of(2, 1),
            List.of(3, 2)));
    end(1);
    recoverAll();
    assertThat(plan()).isEmpty();

    register(1);
    settle(64);

    assertThat(leaders()).containsOnly(Map.entry(1, 2), Map.entry(2, 2), Map.entry(3, 2));
  }

  @Test
  void whatCannotBeSpreadIsLeftAlone() {
    register(1);
    register(2);
    register(3);
    List<List<Integer>> replicas = new ArrayList<>(Collections.nCopies(6, List.of(1, 2, 3)));
    replicas.add(List.of(2));
    replicas.add(List.of(3));
    create(replicas);

    assertThat(plan()).isEmpty();
  }

  static LongStream seeds() {
    return LongStream.rangeClosed(1, 200);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void inAnyClusterPlansComeToAnEndAtWhichLeadersAreSpread(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    register(1);
    for (int step = 0; step < 40; step++) {
      change(random);
      noPartitionIsWithoutALeaderButThoseOfTheFenced();
      if (random.nextInt(10) == 0) {
        settle(1 + random.nextInt(64));
      }
    }

    plan().forEach(record -> world.applied(anyLive(), record));
    assertThat(plan()).as("what an applied plan leaves").isEmpty();
    recoverAll();
    settle(64);

    MetadataImage image = world.image();
    each((id, p) -> {
      Optional<Integer> meant =
          p.replicas().stream().filter(image.brokers()::containsKey).findFirst();
      assertThat(p.targetLeader()).isEmpty();
      assertThat(p.leader()).as("leader of %s", id).isPresent();
      meant.ifPresent(node -> assertThat(p.leader()).contains(live(node)));
    });
    spread();
  }

  private void spread() {
    Map<Integer, Integer> firsts = new HashMap<>();
    world.image().brokers().keySet().forEach(node -> firsts.put(node, 0));
    int[] partitions = new int[1];
    each((_, p) -> {
      if (firsts.computeIfPresent(p.replicas().getFirst(), (_, n) -> n + 1) != null) {
        partitions[0]++;
      }
    });
    int tolerance = Math.max(1, partitions[0] / firsts.size() / 10);
    each((_, p) -> {
      Integer from = firsts.get(p.replicas().getFirst());
      int max = firsts.values().stream().mapToInt(n -> n).max().orElseThrow();
      int min = firsts.values().stream().mapToInt(n -> n).min().orElseThrow();
      if (from != null && max - min > tolerance) {
        // uneven only where every broker that lacks leaders is in the list already
        firsts.forEach((to, n) -> {
          if (from - n >= 2) {
            assertThat(p.replicas()).contains(to);
          }
        });
      }
    });
  }

  /** A record that is decided on an image always has a live issuer to lead what it creates. */
  private void noPartitionIsWithoutALeaderButThoseOfTheFenced() {
    each((id, p) -> {
      if (p.leader().isEmpty()) {
        assertThat(p.lastLeader().map(world::incarnation).map(MetadataImage.Incarnation::state))
            .as("last leader of %s", id)
            .contains(IncarnationState.FENCED);
      }
    });
  }

  private void change(SplittableRandom random) {
    List<Integer> live = List.copyOf(world.image().brokers().keySet());
    switch (random.nextInt(8)) {
      case 0, 1 -> register(1 + random.nextInt(8));
      case 2 -> {
        if (live.size() > 1) {
          end(live.get(random.nextInt(live.size())));
        }
      }
      case 3 -> recoverAll();
      case 4, 5 -> create(randomReplicas(random));
      case 6 ->
          each((id, _) -> {
            if (random.nextInt(5) == 0) {
              world.applied(anyLive(), new TargetLeaderSet(id, 1 + random.nextInt(8)));
            }
          });
      default ->
          each((id, p) -> {
            int next = live.get(random.nextInt(live.size()));
            if (p.leader().isPresent() && !p.leader().get().equals(live(next))) {
              world.applied(p.leader().get(), new LeaderHandedOver(id, p.leaderEpoch(), next));
            }
          });
    }
  }

  private static List<List<Integer>> randomReplicas(SplittableRandom random) {
    List<List<Integer>> replicas = new ArrayList<>();
    for (int p = random.nextInt(12); p >= 0; p--) {
      List<Integer> nodes = new ArrayList<>(List.of(1, 2, 3, 4, 5, 6, 7, 8));
      List<Integer> list = new ArrayList<>();
      for (int r = random.nextInt(3); r >= 0; r--) {
        list.add(nodes.remove(/* index */ random.nextInt(nodes.size())));
      }
      replicas.add(list);
    }
    return replicas;
  }
}
