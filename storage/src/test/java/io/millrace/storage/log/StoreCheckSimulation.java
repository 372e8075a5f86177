package io.millrace.storage.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.storage.Finding;
import io.millrace.storage.Finding.Kind;
import io.millrace.storage.PartitionId;
import io.millrace.storage.log.StoreCopy.Region;
import io.millrace.storage.metadata.MetadataRecord.LogStartMoved;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Of sound stores nothing is said; whatever is changed or taken away is found (E2). */
final class StoreCheckSimulation {
  private static final int SEEDS = 6;
  private static final int STEPS = 250;
  private static final int FLIPS_PER_REGION = 3;

  @Test
  void nothingIsWrongWithAFolderWhateverHappenedToItsBroker() {
    for (long seed = 0; seed < SEEDS; seed++) {
      SimulatedBroker broker = new SimulatedBroker(seed);
      SplittableRandom random = new SplittableRandom(seed);
      history(broker, random);
      broker.losePower();
      broker.boot();
      assertSound(seed, copy(broker));
      broker.await(broker.engine().start());
      broker.stop();
      broker.boot();
      assertSound(seed, copy(broker));
    }
  }

  @Test
  void nothingIsWrongWithAStoreWhateverHappenedToItsCluster() {
    for (long seed = 0; seed < SEEDS; seed++) {
      assertSound(seed, cluster(new SplittableRandom(seed)));
    }
  }

  @Test
  void anyFlippedBitOfAFolderIsFound() {
    SplittableRandom random = new SplittableRandom(7);
    SimulatedBroker broker = new SimulatedBroker(7);
    history(broker, random);
    // an idle log says that its last entry is durable
    broker.scheduler().runFor(TimeUnit.SECONDS.toNanos(1));
    broker.losePower();
    broker.boot();
    StoreCopy copy = copy(broker);

    assertThat(copy.live())
        .extracting(region -> region.key().substring(0, region.key().indexOf('/')))
        .contains("meta", "wal", "data", "checkpoint");
    flipAll(copy, random);
  }

  @Test
  void anyFlippedBitOfASharedStoreIsFound() {
    SplittableRandom random = new SplittableRandom(8);
    StoreCopy copy = cluster(random);

    assertThat(copy.live())
        .extracting(region -> region.key().substring(0, region.key().indexOf('/')))
        .contains("meta", "wal", "checkpoint", "fence");
    flipAll(copy, random);
  }

  @Test
  void whateverIsTakenAwayIsMissed() {
    SplittableRandom random = new SplittableRandom(9);
    StoreCopy copy = cluster(random);
    for (String key : copy.live().stream().map(Region::key).distinct().toList()) {
      if (copy.keys(key.substring(0, key.lastIndexOf('/') + 1)).getLast().equals(key)
          && !copy.isNamed(key)) {
        continue; // the last of its kind, nobody can tell that there was one
      }
      ByteBuffer body = copy.body(key);
      copy.delete(key);
      assertThat(wrong(copy.check())).as(key).isNotEmpty();
      copy.replace(key, body);
    }
    assertThat(copy.check()).isEmpty();
  }

  private static void flipAll(StoreCopy copy, SplittableRandom random) {
    for (Region region : copy.live()) {
      ByteBuffer body = copy.body(region.key());
      for (int i = 0; i < FLIPS_PER_REGION; i++) {
        long bit = random.nextLong(region.from() * 8, region.to() * 8);
        copy.flip(region.key(), bit);
        List<Finding> found = wrong(copy.check());
        assertThat(found).as("bit %d of %s", bit, region).isNotEmpty();
        region
            .partition()
            .ifPresent(id ->
                assertThat(found)
                    .as("bit %d of %s", bit, region)
                    .anyMatch(
                        each -> each.range().map(r -> r.partition().equals(id)).orElse(false)));
        copy.replace(region.key(), body);
      }
    }
    assertThat(copy.check()).isEmpty();
  }

  private static List<Finding> wrong(List<Finding> findings) {
    return findings.stream().filter(each -> each.kind() != Kind.NOTE).toList();
  }

  private static void assertSound(long seed, StoreCopy copy) {
    assertThat(copy.check()).as("seed %d", seed).isEmpty();
  }

  private static StoreCopy copy(SimulatedBroker broker) {
    return new StoreCopy(broker.store(), false, broker::await);
  }

  private static void history(SimulatedBroker broker, SplittableRandom random) {
    broker.mergeEagerly();
    broker.start();
    List<TransactionHistory> histories = new ArrayList<>();
    List<PartitionId> ids = new ArrayList<>();
    for (String name : List.of("a", "b", "c")) {
      PartitionId id = broker.createTopic(name, 1);
      ids.add(id);
      histories.add(new TransactionHistory(random, () -> broker.open(id), broker::await));
    }
    for (int i = 0; i < STEPS; i++) {
      int which = random.nextInt(3);
      histories.get(which).step();
      switch (random.nextInt(50)) {
        case 0 -> {
          broker.losePower();
          broker.start();
        }
        case 1 -> {
          broker.stop();
          broker.start();
        }
        case 2, 3 -> broker.await(broker.engine().publish());
        case 4 -> broker.scheduler().runFor(TimeUnit.SECONDS.toNanos(random.nextInt(20)));
        case 5 -> {
          PartitionLog log = broker.open(ids.get(which));
          long to = random.nextLong(log.logStart(), log.highWatermark() + 1);
          if (to > log.logStart()) {
            broker.await(
                broker
                    .engine()
                    .metadata()
                    .submit(new LogStartMoved(ids.get(which), log.leaderEpoch(), to)));
          }
        }
        default -> {}
      }
    }
  }

  /** Two brokers, at the end one of them ended for good. */
  private static StoreCopy cluster(SplittableRandom random) {
    SimulatedCluster cluster = new SimulatedCluster();
    cluster.start(1);
    cluster.start(2);
    PartitionId id = cluster.createTopic(1, "t", 1, 2);
    LeaderOfTwo leader = new LeaderOfTwo(cluster, id);
    TransactionHistory history = new TransactionHistory(random, leader::log, cluster::await);
    for (int i = 0; i < STEPS; i++) {
      history.step();
      switch (random.nextInt(40)) {
        case 0 -> leader.handOver();
        case 1 -> leader.crash();
        case 2 -> cluster.scheduler.runFor(TimeUnit.SECONDS.toNanos(random.nextInt(10)));
        default -> {}
      }
    }
    leader.crash();
    history.step();
    return new StoreCopy(cluster.store, true, cluster::await);
  }
}
