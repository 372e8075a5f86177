package io.millrace.storage.object;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.storage.PartitionId;
import io.millrace.storage.compaction.CompactionRules;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataRecord.TopicDeleted;
import io.millrace.storage.metadata.ObjectInfo;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

/**
 * Compaction over random keyed records and transactions, between merges, checkpoints, restarts and
 * collections (E8, E9, E11).
 */
class CompactionSimulation {
  private static final int SEEDS = 40;
  private static final long INTERVAL_MS = 1000;
  private static final double NEVER = 1;

  /** Fewer than the records of some seeds. */
  private static final long FEW_KEYS_BYTES = 0;

  @Test
  void ofEachKeyTheNewestRecordStays() {
    for (long seed = 0; seed < SEEDS; seed++) {
      World world = new World(seed, 100);
      for (int i = 0; i < 10; i++) {
        world.publish(40);
        world.settle();
        world.check();
      }
      world.end();
      world.dirtyRatioMin = 0;
      world.objects.runFor(60);

      world.checkCompacted();
      assertThat(world.objects.broker.counters.failures()).isZero();
    }
  }

  @Test
  void withFewKeysInMemoryItTakesRoundsAndComesToTheSame() {
    for (long seed = 0; seed < 3; seed++) {
      World world = new World(seed, 2000);
      for (int i = 0; i < 6; i++) {
        world.publish(1500);
        world.settle();
      }
      world.end();
      world.dirtyRatioMin = 0;
      world.objects.runFor(120);

      world.checkCompacted();
    }
  }

  @Test
  void whoeverDiesWhenNothingIsLost() {
    for (long seed = 0; seed < SEEDS; seed++) {
      World world = new World(seed, 30);
      for (int i = 0; i < 8; i++) {
        world.publish(40);
        world.settle();
        world.objects.scheduler.runUntil(() -> false, world.objects.random.nextInt(3000));
        if (world.objects.random.nextInt(3) == 0) {
          world.restart();
        }
        world.check();
      }
    }
  }

  @Test
  void anyFlippedBitOfAnOutputKeepsTheCompactionFromBeingPublished() {
    for (long seed = 0; seed < SEEDS; seed++) {
      World world = new World(seed, 20);
      world.dirtyRatioMin = NEVER;
      world.publish(60);
      world.end();
      world.objects.runFor(10);
      world.objects.store.flipNextOutput = true;
      world.dirtyRatioMin = 0;
      world.objects.runFor(4);

      assertThat(world.objects.broker.counters.failures()).as("seed %d", seed).isPositive();
      world.check();
      world.objects.runFor(60);
      world.checkCompacted();
    }
  }

  @Test
  void damageOfOnePartitionKeepsNoOtherFromBeingCompacted() {
    for (long seed = 0; seed < 10; seed++) {
      World world = new World(seed, 20);
      world.dirtyRatioMin = NEVER;
      world.publish(60);
      world.end();
      world.objects.runFor(10);
      KeyedLog damaged = world.logs.get(1);
      ObjectInfo object =
          world.objects.publishBatches(List.of(Map.entry(damaged.id, damaged.batch())));
      world.objects.store.flippedBits.put(object.key(), (object.footerPosition() + 5) * 8);
      world.restart();
      world.dirtyRatioMin = 0;
      world.objects.runFor(60);

      world.logs.remove(damaged);
      world.checkCompacted();
    }
  }

  @Test
  void aTopicThatGoesMeanwhileTakesNothingElseAlong() {
    for (long seed = 0; seed < 10; seed++) {
      World world = new World(seed, 20);
      world.publish(80);
      world.settle();
      world.objects.scheduler.runUntil(() -> false, world.objects.random.nextInt(3000));
      KeyedLog gone = world.logs.removeLast();
      world.objects.broker.apply(new TopicDeleted(gone.id.topicId()));
      world.objects.runFor(60);

      world.check();
    }
  }

  @Test
  void whatIsTooYoungToBeCompactedMakesNothingDue() {
    World world = new World(1, 60_000);
    world.dirtyRatioMin = 0;
    world.publish(6_000);
    world.end();
    world.objects.runFor(60);
    world.dirtyRatioMin = NEVER;
    KeyedLog log = world.logs.get(1);
    world.publish(1_500);
    world.end();
    world.objects.runFor(60);
    long youngFrom = log.end();
    world.publish(3_000);
    world.end();
    world.objects.runFor(60);
    ObjectWorld.Broker broker = world.objects.broker;
    long lagMs = broker.clock.wallMs() - youngFrom; // a record's time is its offset

    assertThat(lagMs).isPositive();
    assertThat(plan(world.objects, log, 0)).isPresent();
    assertThat(plan(world.objects, log, lagMs)).isEmpty();
  }

  /** It may hold older records of a key whose tombstone is above it. */
  @Test
  void whatLevelZeroStillHoldsIsWhereACompactionEnds() {
    ObjectWorld objects = new ObjectWorld(1);
    PartitionId id = objects.createTopic("c", 1, Map.of("cleanup.policy", "compact")).getFirst();
    KeyedLog log = new KeyedLog(id, objects.random.split(), 20);
    List<ObjectInfo> published = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      List<Map.Entry<PartitionId, ByteBuffer>> batches = new ArrayList<>();
      for (int b = 0; b < 20; b++) {
        batches.add(Map.entry(id, log.batch()));
      }
      log.endAll().forEach(marker -> batches.add(Map.entry(id, marker)));
      published.add(objects.publishBatches(batches));
    }
    objects.await(objects.broker.checkpointer.checkpoint());
    raise(objects, published.getFirst());
    raise(objects, published.getLast());

    MergePlan plan = plan(objects, log, 0).orElseThrow();

    assertThat(plan.inputs())
        .allSatisfy(input ->
            assertThat(input.endOffset()).isLessThanOrEqualTo(published.getFirst().endOffset()));
    assertThat(plan.compactions().get(id))
        .extracting(MergePlan.Compaction::end)
        .isEqualTo(published.getFirst().endOffset());
  }

  /** Merges this object alone, to level 1. */
  private static void raise(ObjectWorld objects, ObjectInfo object) {
    ObjectWorld.Broker broker = objects.broker;
    MergeTask task =
        new MergeTask(
            new MergePlan(List.of(object), 1),
            broker.metadata.image(),
            broker.mergeParts(ObjectWorld.EAGER),
            () -> false);
    assertThat(objects.await(task.run())).isTrue();
  }

  private static Optional<MergePlan> plan(ObjectWorld objects, KeyedLog log, long lagMsMin) {
    ObjectWorld.Broker broker = objects.broker;
    CompactionPlanner planner =
        new CompactionPlanner(
            broker.metadata.writer(),
            broker.catalog,
            broker.opener,
            broker.threads.eventLoop("planner " + lagMsMin),
            broker.clock,
            new MergeSetbacks());
    planner.begin(
        new CompactionRules() {
          @Override
          public Optional<Rule> rule(MetadataImage image, Uuid topicId) {
            return topicId.equals(log.id.topicId())
                ? Optional.of(
                    new Rule(0.3, lagMsMin, Long.MAX_VALUE, 0, Long.MAX_VALUE, Long.MAX_VALUE))
                : Optional.empty();
          }

          @Override
          public long intervalMs() {
            return INTERVAL_MS;
          }

          @Override
          public long keyBytesMax() {
            return 1 << 20;
          }
        });
    return objects.await(planner.plan(broker.metadata.image()));
  }

  /** Topics of one partition each, and one that is not compacted. */
  private static final class World {
    final ObjectWorld objects;
    final List<KeyedLog> logs = new ArrayList<>();
    private final CompactionRules rules;
    private double dirtyRatioMin;

    World(long seed, int keys) {
      objects = new ObjectWorld(seed);
      for (int i = 0; i < 4; i++) {
        PartitionId id =
            objects.createTopic("c" + i, 1, Map.of("cleanup.policy", "compact")).getFirst();
        logs.add(new KeyedLog(id, objects.random.split(), keys));
      }
      Uuid notCompacted = logs.getFirst().id.topicId();
      dirtyRatioMin = objects.random.nextInt(2) * 0.3;
      long deleteRetentionMs = objects.random.nextInt(20_000);
      rules =
          new CompactionRules() {
            @Override
            public Optional<Rule> rule(MetadataImage image, Uuid topicId) {
              return topicId.equals(notCompacted)
                  ? Optional.empty()
                  : Optional.of(
                      new Rule(
                          dirtyRatioMin,
                          0,
                          Long.MAX_VALUE,
                          deleteRetentionMs,
                          Long.MAX_VALUE,
                          Long.MAX_VALUE));
            }

            @Override
            public long intervalMs() {
              return INTERVAL_MS;
            }

            @Override
            public long keyBytesMax() {
              return FEW_KEYS_BYTES;
            }
          };
      start();
    }

    private void start() {
      Merger merger = objects.broker.merger(ObjectWorld.EAGER);
      merger.start();
      merger.compactBy(rules);
    }

    void restart() {
      objects.restart();
      start();
    }

    void publish(int batches) {
      List<Map.Entry<PartitionId, ByteBuffer>> chosen = new ArrayList<>();
      for (int i = 0; i < batches; i++) {
        KeyedLog log = logs.get(objects.random.nextInt(objects.random.nextInt(logs.size()) + 1));
        chosen.add(Map.entry(log.id, log.batch()));
      }
      objects.publishBatches(chosen);
    }

    void settle() {
      if (objects.random.nextInt(3) > 0) {
        objects.await(objects.broker.checkpointer.checkpoint());
      }
      objects.runFor(objects.random.nextInt(4));
    }

    /** No transaction is open, and everything is behind a checkpoint. */
    void end() {
      List<Map.Entry<PartitionId, ByteBuffer>> last = new ArrayList<>();
      for (KeyedLog log : logs) {
        log.endAll().forEach(marker -> last.add(Map.entry(log.id, marker)));
        last.add(Map.entry(log.id, log.batch()));
        log.endAll().forEach(marker -> last.add(Map.entry(log.id, marker)));
      }
      objects.publishBatches(last);
      objects.await(objects.broker.checkpointer.checkpoint());
    }

    /** All but the first. */
    void checkCompacted() {
      for (KeyedLog log : logs.subList(1, logs.size())) {
        assertThat(log.check(objects))
            .as("records of %s", log.id)
            .isBetween(log.newest(false), log.newest(true));
      }
    }

    void check() {
      logs.forEach(log -> log.check(objects));
    }
  }
}
