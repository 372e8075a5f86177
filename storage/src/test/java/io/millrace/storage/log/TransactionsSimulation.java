package io.millrace.storage.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.MetadataRecord.LogStartMoved;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Transactions of one partition over everything that happens to a log. */
final class TransactionsSimulation {
  private static final int SEEDS = Integer.getInteger("millrace.transactions.seeds", 10);
  private static final int STEPS = 400;

  @Test
  void oneBrokerKeepsThemOverPublicationMergeStopAndLossOfPower() {
    int merges = 0;
    for (long seed = 0; seed < SEEDS; seed++) {
      SimulatedBroker broker = new SimulatedBroker(seed);
      SplittableRandom random = new SplittableRandom(seed);
      broker.mergeEagerly();
      broker.start();
      PartitionId id = broker.createTopic("t", 1);
      TransactionHistory history =
          new TransactionHistory(random, () -> broker.open(id), broker::await);
      try {
        for (int i = 0; i < STEPS; i++) {
          history.step();
          switch (random.nextInt(60)) {
            case 0 -> {
              broker.losePower();
              broker.start();
            }
            case 1 -> {
              broker.stop();
              broker.start();
            }
            case 2, 3, 4 -> broker.await(broker.engine().publish());
            case 5 -> broker.scheduler().runFor(TimeUnit.SECONDS.toNanos(random.nextInt(20)));
            case 6 -> moveLogStart(broker, id, random);
            default -> {}
          }
        }
        history.readAll();
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError("seed " + seed, e);
      }
      merges +=
          (int)
              broker.engine().metadata().image().objects().values().stream()
                  .filter(object -> object.level() > 0)
                  .count();
    }
    assertThat(merges).as("merged objects").isPositive();
  }

  private static void moveLogStart(
      SimulatedBroker broker, PartitionId id, SplittableRandom random) {
    PartitionLog log = broker.open(id);
    long to = random.nextLong(log.logStart(), log.highWatermark() + 1);
    if (to > log.logStart()) {
      broker.await(broker.engine().metadata().submit(new LogStartMoved(id, log.leaderEpoch(), to)));
    }
  }

  @Test
  void aClusterKeepsThemOverHandoverAndTakeover() {
    for (long seed = 0; seed < SEEDS; seed++) {
      SimulatedCluster cluster = new SimulatedCluster();
      SplittableRandom random = new SplittableRandom(seed);
      cluster.start(1);
      cluster.start(2);
      PartitionId id = cluster.createTopic(1, "t", 1, 2);
      LeaderOfTwo leader = new LeaderOfTwo(cluster, id);
      TransactionHistory history = new TransactionHistory(random, leader::log, cluster::await);
      try {
        for (int i = 0; i < STEPS / 2; i++) {
          history.step();
          switch (random.nextInt(40)) {
            case 0 -> leader.handOver();
            case 1 -> leader.crash();
            case 2 -> cluster.scheduler.runFor(TimeUnit.SECONDS.toNanos(random.nextInt(10)));
            default -> {}
          }
        }
        history.readAll();
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError("seed " + seed, e);
      }
    }
  }
}
