package io.millrace.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/**
 * Three brokers on one store, of which one after the other is killed, or stopped for longer than
 * its session and continued, while an idempotent producer writes at full speed and consumers
 * follow. Nothing may be lost, doubled or reordered (A1-A6, C8, E11, E12). More rounds: {@code
 * -Dmillrace.cluster.rounds=20 -Dmillrace.cluster.seed=N}.
 */
class ClusterRoundsIT {
  private static final String TOPIC = "rounds";
  private static final int PARTITIONS = 9;
  private static final int BROKERS = 3;
  private static final int ACKS_BEFORE_FAULT_MAX = 10_000;
  private static final long ROUND_SECONDS_MAX = 240;
  private static final int MEMBERS = 2;

  /** Merges lie in the way of the faults too. */
  private static final String SMALL_BACKLOG = "wal.backlog.bytes.max=8388608";

  /** What the brokers left in the store is evidence too. */
  @TempDir(cleanup = CleanupMode.ON_SUCCESS)
  private Path folder;

  @Test
  void nothingIsLostDoubledOrReorderedOnASharedDirectory() throws Exception {
    try (ClusterProcesses cluster =
        ClusterProcesses.onFolder(folder, "rounds-file", SMALL_BACKLOG)) {
      run(cluster, Integer.getInteger("millrace.cluster.rounds", 2));
    }
  }

  @Test
  void nothingIsLostDoubledOrReorderedOnABucket() throws Exception {
    try (S3ProxyProcess service = S3ProxyProcess.start(folder);
        ClusterProcesses cluster = ClusterProcesses.onBucket(service, "rounds-s3", SMALL_BACKLOG)) {
      run(cluster, Integer.getInteger("millrace.cluster.rounds", 1));
    }
  }

  private static void run(ClusterProcesses cluster, int rounds) throws Exception {
    long seed = Long.getLong("millrace.cluster.seed", System.nanoTime());
    String where = "seed %d, logs in %s".formatted(seed, cluster.logs());
    Journal journal = new Journal(cluster.logs().resolve("rounds.log"));
    for (int nodeId = 1; nodeId <= BROKERS; nodeId++) {
      cluster.start(nodeId);
    }
    String address = cluster.address();
    try (Admin admin = cluster.admin()) {
      NewTopic topic = new NewTopic(TOPIC, PARTITIONS, (short) BROKERS);
      admin.createTopics(List.of(topic)).all().get();
      try (NumberedRecords records = new NumberedRecords(address, TOPIC, PARTITIONS);
          NumberedReaders alone = NumberedReaders.alone(address, TOPIC, PARTITIONS);
          NumberedReaders group = NumberedReaders.group(address, TOPIC, PARTITIONS, MEMBERS)) {
        Random random = new Random(seed);
        Faults faults = new Faults(cluster, random);
        for (int round = 0; round < rounds; round++) {
          awaitProgress(records, random.nextInt(ACKS_BEFORE_FAULT_MAX), round, where);
          String fault = faults.next(round);
          journal.note(
              "round %d: %s; %d acknowledged".formatted(round, fault, records.acknowledged()));
          assertThat(alone.failures()).as("reader alone, round %d, %s", round, where).isEmpty();
          assertThat(group.failures()).as("group, round %d, %s", round, where).isEmpty();
        }
        awaitProgress(records, ACKS_BEFORE_FAULT_MAX, rounds, where);
        records.finish();

        assertThat(records.failures()).as("failed sends, %s", where).isEmpty();
        records.verify(address);
        awaitRead(alone, records.sent(), "reader alone, " + where);
        awaitRead(group, records.sent(), "group, " + where);
        journal.note("all read; %d acknowledged, %s".formatted(records.acknowledged(), where));
      }
    }
  }

  private static void awaitProgress(NumberedRecords records, int acks, int round, String where)
      throws InterruptedException {
    long wanted = records.acknowledged() + 1 + acks;
    assertThat(records.awaitAcknowledged(wanted, ROUND_SECONDS_MAX, TimeUnit.SECONDS))
        .as(
            "progress in round %d: %d of %d acknowledged, failures %s, %s",
            round, records.acknowledged(), wanted, records.failures(), where)
        .isTrue();
  }

  private static void awaitRead(NumberedReaders readers, long[] numbers, String what)
      throws InterruptedException {
    assertThat(readers.awaitRead(numbers, ClusterProcesses.PATIENCE))
        .as("%s: %s of %s", what, readers, Arrays.toString(numbers))
        .isTrue();
  }

  /** Each hits one broker, and is over when all brokers are back. */
  private static final class Faults {
    private final ClusterProcesses cluster;
    private final Random random;

    Faults(ClusterProcesses cluster, Random random) {
      this.cluster = cluster;
      this.random = random;
    }

    /** Returns what it was. */
    String next(int round) throws Exception {
      int nodeId = 1 + random.nextInt(BROKERS);
      BrokerProcess broker = cluster.broker(nodeId);
      Set<Integer> others = new HashSet<>(cluster.nodeIds());
      others.remove(nodeId);
      String fault;
      if (round % 2 == 1) {
        fault = "stopped until it was fenced, and continued";
        broker.pause();
        cluster.awaitLive(others);
        broker.resume();
      } else if (random.nextBoolean()) {
        fault = "killed, and started when it was fenced";
        broker.kill();
        cluster.awaitLive(others);
        broker.start();
      } else {
        fault = "killed, and started at once";
        broker.kill();
        broker.start();
      }
      cluster.awaitLive(cluster.nodeIds());
      return "broker " + nodeId + " was " + fault;
    }
  }

  /** Beside the brokers' logs, with times, so that they can be read together. */
  private record Journal(Path file) {
    void note(String what) throws IOException {
      Files.writeString(
          file,
          Instant.now() + " " + what + "\n",
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
    }
  }
}
