package io.millrace.storage.object;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.storage.Keys;
import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataLog.CollectorBoundary;
import io.millrace.storage.metadata.MetadataRecord.LogStartMoved;
import io.millrace.storage.metadata.MetadataRecord.NoOp;
import io.millrace.storage.metadata.MetadataRecord.TopicDeleted;
import io.millrace.storage.metadata.ObjectInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

/**
 * Merging, checkpointing and collecting over random data: nothing is lost, whatever dies when (I7,
 * I8, E2, E8, E9, E11).
 */
class MergerSimulation {
  private static final int SEEDS = 25;

  @Test
  void everythingIsReadBackAfterMerges() {
    for (long seed = 0; seed < SEEDS; seed++) {
      ObjectWorld world = new ObjectWorld(seed);
      List<PartitionId> all =
          new ArrayList<>(world.createTopic("busy", 5, Map.of("retention.ms", "1000")));
      all.addAll(world.createTopic("quiet", 12, Map.of("cleanup.policy", "compact")));
      Merger merger = world.broker.merger(ObjectWorld.EAGER);
      merger.start();
      for (int i = 0; i < 8; i++) {
        world.publish(all, 20 + world.random.nextInt(80));
        world.runFor(world.random.nextInt(3));
      }
      world.runFor(120);

      assertThat(world.broker.counters.failures()).as("seed %d", seed).isZero();
      assertThat(levels(world)).as("seed %d", seed).doesNotContainKey(0);
      assertShared(world);
      all.forEach(id -> world.readEverything(id, 0));
      assertThat(world.broker.blocks.usedBytes()).isLessThanOrEqualTo(200_000);
    }
  }

  /** Design section 6: at most twice what is much in a merge, five times what is little. */
  @Test
  void howOftenAByteIsWrittenIsCountedPerClassAndBounded() {
    for (long seed = 0; seed < SEEDS; seed++) {
      ObjectWorld world = new ObjectWorld(seed);
      List<PartitionId> all = world.createTopic("t", 9, Map.of());
      world.broker.merger(ObjectWorld.EAGER).start();
      for (int i = 0; i < 40; i++) {
        world.publish(all, 60);
        world.runFor(1);
      }
      world.runFor(120);

      MergeCounters counters = world.broker.counters;
      assertThat(counters.own().first()).as("seed %d", seed).isPositive();
      assertThat(counters.shared().again()).as("seed %d", seed).isPositive();
      assertThat(counters.own().amplification()).as("seed %d", seed).isBetween(2.0, 2.5);
      assertThat(counters.shared().amplification()).as("seed %d", seed).isBetween(2.0, 5.0);
    }
  }

  @Test
  void noOffsetIsInTwoObjectsAndNoneIsMissing() {
    for (long seed = 0; seed < SEEDS; seed++) {
      ObjectWorld world = new ObjectWorld(seed);
      List<PartitionId> all = world.createTopic("t", 9, Map.of());
      Merger merger = world.broker.merger(ObjectWorld.EAGER);
      merger.start();
      for (int i = 0; i < 6; i++) {
        world.publish(all, 60);
        world.runFor(world.random.nextInt(2));
        for (PartitionId id : all) {
          long end = 0;
          for (ObjectCatalog.Part part : world.await(world.broker.catalog.parts(id, 0))) {
            assertThat(part.footer().baseOffset()).isEqualTo(end);
            end = part.footer().endOffset();
          }
          assertThat(end).as("seed %d", seed).isEqualTo(world.end(id));
        }
      }
    }
  }

  @Test
  void anyFlippedBitOfAnOutputKeepsTheMergeFromBeingPublished() {
    for (long seed = 0; seed < SEEDS; seed++) {
      ObjectWorld world = new ObjectWorld(seed);
      List<PartitionId> all = world.createTopic("t", 6, Map.of());
      ObjectInfo input = world.publish(all, 40);
      world.store.flipNextOutput = true;

      world.broker.merger(ObjectWorld.EAGER).start();
      world.runFor(3);

      assertThat(world.broker.counters.failures()).as("seed %d", seed).isEqualTo(1);
      assertThat(world.broker.metadata.image().objects()).containsOnlyKeys(input.key());
      world.runFor(60); // under other names it succeeds
      assertThat(world.broker.counters.merges()).isPositive();
      all.forEach(id -> world.readEverything(id, 0));
    }
  }

  @Test
  void anyFlippedBitOfAnInputIsFoundAndNeverServed() {
    for (long seed = 0; seed < SEEDS; seed++) {
      ObjectWorld world = new ObjectWorld(seed);
      PartitionId id = world.createTopic("t", 1, Map.of()).getFirst();
      ObjectInfo input = world.publish(List.of(id), 30);
      var footer = world.await(world.broker.footers.get(input)).of(id).getFirst();
      var run = footer.runs().get(world.random.nextInt(footer.runs().size()));
      long bit = (run.position() + world.random.nextInt(run.bytes())) * 8 + world.random.nextInt(8);
      world.store.flippedBits.put(input.key(), bit);
      boolean covered = !leaderEpochOf(world, id, run, bit / 8);

      world.broker.merger(ObjectWorld.EAGER).start();
      world.runFor(30);
      var read = world.broker.reader.read(id, run.baseOffset(), Long.MAX_VALUE, 1 << 20, true);
      world.scheduler.runUntil(read::isDone, 100_000);

      // the leader epoch stands outside the batch's CRC; there the sums of the merge find it
      assertThat(world.broker.counters.merges()).as("seed %d", seed).isZero();
      if (covered) {
        assertThat(read).isCompletedExceptionally();
        assertThat(read.exceptionNow()).isInstanceOf(ObjectCorruptException.class);
      }
    }
  }

  @Test
  void aFlippedLeaderEpochIsOutsideTheCrcAndFoundByTheSums() {
    for (long seed = 0; seed < 5; seed++) {
      ObjectWorld world = new ObjectWorld(seed);
      PartitionId id = world.createTopic("t", 1, Map.of()).getFirst();
      ObjectInfo input = world.publish(List.of(id), 30);
      var run = world.await(world.broker.footers.get(input)).of(id).getFirst().runs().getFirst();
      world.store.flippedBits.put(input.key(), (run.position() + 12 + world.random.nextInt(4)) * 8);

      world.broker.merger(ObjectWorld.EAGER).start();
      world.runFor(30);

      assertThat(world.broker.counters.failures()).as("seed %d", seed).isPositive();
      assertThat(world.broker.metadata.image().objects()).containsOnlyKeys(input.key());
    }
  }

  @Test
  void aDamagedInputIsLeftAndAllOthersAreMerged() {
    for (long seed = 0; seed < SEEDS; seed++) {
      ObjectWorld world = new ObjectWorld(seed);
      List<PartitionId> all = world.createTopic("t", 3, Map.of());
      PartitionId apart = world.createTopic("apart", 1, Map.of()).getFirst();
      List<ObjectInfo> inputs = new ArrayList<>();
      for (int i = 0; i < 12; i++) {
        inputs.add(i == 5 ? world.publish(List.of(apart), 5) : world.publish(all, 5));
      }
      ObjectInfo damaged = inputs.get(5);
      long bit =
          world.random.nextBoolean()
              ? (damaged.footerPosition() + 5) * 8
              : leaderEpochBit(world, damaged, apart);
      world.store.flippedBits.put(damaged.key(), bit);

      world.broker.merger(ObjectWorld.EAGER).start();
      world.runFor(300);

      assertThat(world.broker.metadata.image().objects().values())
          .as("seed %d", seed)
          .filteredOn(object -> object.level() == 0)
          .containsExactly(damaged);
      all.forEach(id -> world.readEverything(id, 0));
      long failures = world.broker.counters.failures();
      world.runFor(300);
      assertThat(world.broker.counters.failures()).as("it is left alone").isEqualTo(failures);

      world.store.flippedBits.clear(); // as repaired, by whatever means
      world.broker.apply(new TopicDeleted(apart.topicId()));
      world.runFor(60);
      world.restart();
      world.broker.merger(ObjectWorld.EAGER).start();
      world.runFor(60);
      assertThat(world.broker.metadata.image().objects()).doesNotContainKey(damaged.key());
    }
  }

  /** Outside the CRC of its batch: only the sums of a merge find it. */
  private static long leaderEpochBit(ObjectWorld world, ObjectInfo object, PartitionId id) {
    Footer footer = world.await(world.broker.footers.get(object));
    return (footer.of(id).getFirst().runs().getFirst().position() + 12) * 8;
  }

  private static boolean leaderEpochOf(
      ObjectWorld world, PartitionId id, Footer.Run run, long position) {
    long at = run.position();
    for (var batch : world.batches(id).tailMap(run.baseOffset()).values()) {
      if (position < at + batch.limit()) {
        return position - at >= 12 && position - at < 16;
      }
      at += batch.limit();
    }
    throw new IllegalStateException("position " + position + " is not in the run");
  }

  @Test
  void aTopicDeletedInTheMiddleTakesNothingElseAlong() {
    for (long seed = 0; seed < SEEDS; seed++) {
      ObjectWorld world = new ObjectWorld(seed);
      List<PartitionId> kept = world.createTopic("kept", 6, Map.of());
      List<PartitionId> doomed = world.createTopic("doomed", 6, Map.of());
      List<PartitionId> all = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        all.add(kept.get(i));
        all.add(doomed.get(i));
      }
      Merger merger = world.broker.merger(ObjectWorld.EAGER);
      merger.start();
      for (int i = 0; i < 4; i++) {
        world.publish(all, 60);
      }
      for (long steps = world.random.nextInt(4000); steps > 0; steps--) {
        world.scheduler.step();
      }
      Uuid topic = doomed.getFirst().topicId();
      world.broker.apply(new TopicDeleted(topic));
      world.runFor(120);

      kept.forEach(id -> world.readEverything(id, 0));
      for (ObjectInfo object : world.broker.metadata.image().objects().values()) {
        boolean only =
            object.first().topicId().equals(topic) && object.last().topicId().equals(topic);
        assertThat(only).as("seed %d, %s", seed, object).isFalse();
      }
    }
  }

  @Test
  void recordsBelowTheLogStartGoOnlyWhenACheckpointCoversThem() {
    for (long seed = 0; seed < SEEDS; seed++) {
      ObjectWorld world = new ObjectWorld(seed);
      List<PartitionId> all = world.createTopic("t", 4, Map.of());
      world.publish(all, 60);
      world.await(world.broker.checkpointer.checkpoint());
      Map<PartitionId, Long> covered = new TreeMap<>();
      all.forEach(id -> covered.put(id, world.end(id)));
      world.publish(all, 60);
      Map<PartitionId, Long> starts = new TreeMap<>();
      for (PartitionId id : all) {
        long start = 1 + world.random.nextLong(world.end(id) - 1);
        starts.put(id, start);
        world.broker.apply(new LogStartMoved(id, 0, start));
      }
      world.broker.merger(ObjectWorld.EAGER).start();
      world.runFor(60);

      assertThat(world.broker.counters.failures()).as("seed %d", seed).isZero();
      assertThat(levels(world)).as("seed %d", seed).doesNotContainKey(0);
      for (PartitionId id : all) {
        long start = Objects.requireNonNull(starts.get(id));
        world.readEverything(id, start);
        long dropBelow = Math.min(start, Objects.requireNonNull(covered.get(id)));
        var parts = world.await(world.broker.catalog.parts(id, 0));
        assertThat(parts.getFirst().footer().baseOffset())
            .isEqualTo(Optional.ofNullable(world.batches(id).floorKey(dropBelow)).orElse(0L));
        PartitionSummary opened = world.await(world.broker.opener.open(id));
        assertThat(opened.end()).isEqualTo(world.end(id));
      }
    }
  }

  @Test
  void aCrashBetweenAnyTwoStoreCallsLeavesAWholeImageAndOnlyGarbage() {
    for (long seed = 0; seed < 60; seed++) {
      ObjectWorld world = new ObjectWorld(seed);
      List<PartitionId> all = world.createTopic("t", 10, Map.of());
      for (int i = 0; i < 4; i++) {
        world.publish(all, 50);
      }
      boolean[] dead = {false};
      var dying = world.broker.threads;
      world.store.crashIn(
          1 + world.random.nextInt(150),
          () -> {
            dead[0] = true;
            dying.kill();
          });
      world.broker.merger(ObjectWorld.EAGER).start();
      world.broker.checkpointer.start(1_000_000_000L);
      world.scheduler.runUntil(() -> dead[0], 200_000);
      world.restart();

      all.forEach(id -> world.readEverything(id, 0));
      world.broker.merger(ObjectWorld.EAGER).start();
      world.broker.checkpointer.start(1_000_000_000L);
      world.broker.collector.start(1_000_000_000L);
      world.publish(all, 50);
      for (int i = 0; i < 12; i++) {
        world.broker.apply(new NoOp()); // entries, so that a boundary follows
        world.runFor(10);
      }

      all.forEach(id -> world.readEverything(id, 0));
      assertThat(garbage(world)).as("seed %d", seed).isEmpty();
      assertThat(world.unfinishedPuts(Keys.DATA)).as("seed %d", seed).isZero();
      for (PartitionId id : all) {
        assertThat(world.await(world.broker.opener.open(id)).end()).isEqualTo(world.end(id));
      }
    }
  }

  @Test
  void lostAnswersOfTheStoreDelayAMergeButDoNotHarmIt() {
    for (long seed = 0; seed < SEEDS; seed++) {
      ObjectWorld world = new ObjectWorld(seed);
      List<PartitionId> all = world.createTopic("t", 6, Map.of());
      for (int i = 0; i < 3; i++) {
        world.publish(all, 40);
      }
      world.store.unknownPercent = 3;
      world.broker.merger(ObjectWorld.EAGER).start();
      world.runFor(300);
      world.store.unknownPercent = 0;
      world.runFor(300);

      assertThat(levels(world)).as("seed %d", seed).doesNotContainKey(0);
      all.forEach(id -> world.readEverything(id, 0));
    }
  }

  private static Map<Integer, Integer> levels(ObjectWorld world) {
    Map<Integer, Integer> levels = new TreeMap<>();
    world
        .broker
        .metadata
        .image()
        .objects()
        .values()
        .forEach(o -> levels.merge(o.level(), 1, Integer::sum));
    return levels;
  }

  /** Shared objects do not pile up, and partitions share one only if they die together. */
  private static void assertShared(ObjectWorld world) {
    MetadataImage image = world.broker.metadata.image();
    Map<Integer, Integer> shared = new TreeMap<>();
    for (ObjectInfo object :
        image.objects().values().stream()
            .filter(o -> o.level() > 0 && !o.ofOnePartition())
            .toList()) {
      shared.merge(object.level(), 1, Integer::sum);
      Footer footer = world.await(world.broker.footers.get(object));
      assertThat(
              footer.partitions().stream()
                  .map(p -> RetentionClass.of(image, p.partition().topicId()))
                  .distinct())
          .hasSize(1);
    }
    shared.remove(ObjectWorld.EAGER.levelMax());
    assertThat(shared.values()).allMatch(count -> count <= ObjectWorld.EAGER.sharedObjectsMax());
  }

  /** Merged objects and checkpoints that neither the newest boundary nor the image lists. */
  private static List<String> garbage(ObjectWorld world) {
    CollectorBoundary boundary = Objects.requireNonNull(world.broker.metadata.collectorBoundary());
    List<String> keys = new ArrayList<>(world.keys(Keys.DATA));
    keys.addAll(world.keys(Keys.CHECKPOINT));
    for (MetadataImage image : List.of(boundary.image(), world.broker.metadata.image())) {
      keys.removeAll(image.objects().keySet());
      image.topics().values().stream()
          .flatMap(t -> t.partitions().stream())
          .forEach(p -> p.checkpoint().ifPresent(c -> keys.remove(c.key())));
    }
    return keys;
  }
}
