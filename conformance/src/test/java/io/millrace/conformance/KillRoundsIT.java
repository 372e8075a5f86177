package io.millrace.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * An idempotent producer at full speed while its broker is killed at random moments and started
 * again. Every acknowledged record is read back exactly once and in order (A1-A4). More rounds:
 * {@code -Dmillrace.kill.rounds=100 -Dmillrace.kill.seed=N}.
 */
class KillRoundsIT {
  private static final String TOPIC = "rounds";
  private static final int PARTITIONS = 6;
  private static final int ACKS_BEFORE_KILL_MAX = 20_000;
  private static final long ROUND_SECONDS_MAX = 60;

  @TempDir private Path folder;

  @Test
  void everyAcknowledgedRecordIsReadBackOnceAndInOrder() throws Exception {
    int rounds = Integer.getInteger("millrace.kill.rounds", 5);
    long seed = Long.getLong("millrace.kill.seed", System.nanoTime());
    Random random = new Random(seed);
    // small files, so that rolls, merges and recycling lie in the way of the kills too
    try (BrokerProcess broker =
        BrokerProcess.start(folder, "wal.file.bytes=4194304", "wal.backlog.bytes.max=16777216")) {
      createTopic(broker);
      try (NumberedRecords records = new NumberedRecords(broker.address(), TOPIC, PARTITIONS)) {
        for (int round = 0; round < rounds; round++) {
          long wanted = records.acknowledged() + 1 + random.nextInt(ACKS_BEFORE_KILL_MAX);
          assertThat(records.awaitAcknowledged(wanted, ROUND_SECONDS_MAX, TimeUnit.SECONDS))
              .as("progress in round %d of seed %d; log:\n%s", round, seed, broker.logged())
              .isTrue();
          broker.kill();
          broker.start();
        }
        records.finish();

        assertThat(records.failures()).as("failed sends, seed %d", seed).isEmpty();
        records.verify(broker.address());
      }
      assertThat(broker.stop()).isZero();
    }
  }

  private static void createTopic(BrokerProcess broker) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.address()))) {
      admin.createTopics(List.of(new NewTopic(TOPIC, PARTITIONS, (short) 1))).all().get();
    }
  }
}
