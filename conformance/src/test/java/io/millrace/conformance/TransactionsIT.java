package io.millrace.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Transactions of the official client against a broker in a process of its own. */
class TransactionsIT {
  private static final String TOPIC = "t";
  private static final long PATIENCE_SECONDS = 60;

  @TempDir private Path folder;
  private BrokerProcess broker;

  @BeforeEach
  void start() throws Exception {
    broker =
        BrokerProcess.start(
            folder, "transaction.abort.timed.out.transaction.cleanup.interval.ms=200");
    try (Admin admin = admin()) {
      admin.createTopics(List.of(new NewTopic(TOPIC, 2, (short) 1))).all().get();
    }
  }

  @AfterEach
  void stop() {
    broker.close();
  }

  private Admin admin() {
    return Admin.create(Map.of("bootstrap.servers", broker.address()));
  }

  private KafkaProducer<String, String> producer(String id, int timeoutMs) {
    return new KafkaProducer<>(
        Map.of(
            "bootstrap.servers",
            broker.address(),
            "transactional.id",
            id,
            "transaction.timeout.ms",
            timeoutMs,
            "key.serializer",
            StringSerializer.class,
            "value.serializer",
            StringSerializer.class));
  }

  private static void send(KafkaProducer<String, String> producer, String... values)
      throws Exception {
    for (String value : values) {
      producer.send(new ProducerRecord<>(TOPIC, value.hashCode() & 1, null, value)).get();
    }
  }

  /** What a reader of committed records sees up to the ends. */
  private List<String> committed() {
    List<String> values = new ArrayList<>();
    try (KafkaConsumer<String, String> consumer =
        new KafkaConsumer<>(
            Map.of(
                "bootstrap.servers",
                broker.address(),
                "isolation.level",
                "read_committed",
                "auto.offset.reset",
                "earliest",
                "key.deserializer",
                StringDeserializer.class,
                "value.deserializer",
                StringDeserializer.class))) {
      List<TopicPartition> partitions =
          List.of(new TopicPartition(TOPIC, 0), new TopicPartition(TOPIC, 1));
      consumer.assign(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
      while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.getOrDefault(p, 0L))) {
        assertThat(System.nanoTime()).as("readers reach the end").isLessThan(until);
        consumer.poll(Duration.ofMillis(50)).forEach(record -> values.add(record.value()));
      }
    }
    return values;
  }

  private TransactionState state(String id) throws Exception {
    try (Admin admin = admin()) {
      return admin.describeTransactions(List.of(id)).description(id).get().state();
    }
  }

  @Test
  void onlyCommittedRecordsAreRead() throws Exception {
    try (KafkaProducer<String, String> producer = producer("one", 60_000)) {
      producer.initTransactions();
      for (int i = 0; i < 20; i++) {
        producer.beginTransaction();
        send(producer, "a" + i, "b" + i);
        if (i % 2 == 0) {
          producer.commitTransaction();
        } else {
          producer.abortTransaction();
        }
      }
    }

    Awaitility.await()
        .atMost(PATIENCE_SECONDS, TimeUnit.SECONDS)
        .untilAsserted(() -> assertThat(committed()).hasSize(20));
    assertThat(committed()).allMatch(value -> Integer.parseInt(value.substring(1)) % 2 == 0);
  }

  @Test
  void theSecondProducerWithAnIdFencesTheFirst() throws Exception {
    try (KafkaProducer<String, String> first = producer("one", 60_000);
        KafkaProducer<String, String> second = producer("one", 60_000)) {
      first.initTransactions();
      first.beginTransaction();
      send(first, "lost");

      second.initTransactions();
      second.beginTransaction();
      send(second, "kept");
      second.commitTransaction();

      assertThatThrownBy(
              () -> {
                send(first, "late");
                first.commitTransaction();
              })
          .matches(TransactionsIT::fenced);
    }
    assertThat(committed()).containsExactly("kept");
  }

  private static boolean fenced(Throwable failure) {
    Throwable cause = failure;
    while (cause != null
        && !(cause instanceof ProducerFencedException)
        && !(cause instanceof InvalidProducerEpochException)) {
      cause = cause.getCause();
    }
    return cause != null;
  }

  @Test
  void aTransactionOpenForTooLongIsAborted() throws Exception {
    try (KafkaProducer<String, String> slow = producer("slow", 1_000)) {
      slow.initTransactions();
      slow.beginTransaction();
      send(slow, "too", "late");

      Awaitility.await()
          .atMost(PATIENCE_SECONDS, TimeUnit.SECONDS)
          .until(() -> state("slow") == TransactionState.COMPLETE_ABORT);

      assertThatThrownBy(slow::commitTransaction).isInstanceOf(KafkaException.class);
    }
    assertThat(committed()).isEmpty();
  }

  @Test
  void aBrokerThatWasKilledEndsWhatItHadDecided() throws Exception {
    for (int round = 0; round < 3; round++) {
      try (KafkaProducer<String, String> producer = producer("one", 60_000)) {
        producer.initTransactions();
        producer.beginTransaction();
        send(producer, "r" + round, "s" + round);
        producer.commitTransaction();
        broker.kill();
        broker.start();
      }
    }

    Awaitility.await()
        .atMost(PATIENCE_SECONDS, TimeUnit.SECONDS)
        .untilAsserted(() ->
            assertThat(committed()).containsExactlyInAnyOrder("r0", "s0", "r1", "s1", "r2", "s2"));
  }

  @Test
  void kafkasToolShowsTransactionsAndEndsThem() throws Exception {
    try (KafkaProducer<String, String> producer = producer("open", 900_000)) {
      producer.initTransactions();
      producer.beginTransaction();
      producer.send(new ProducerRecord<>(TOPIC, 0, null, "hanging")).get();

      assertThat(tool("list")).contains("open", "Ongoing");
      assertThat(tool("list", "--duration-filter", "900000")).doesNotContain("open");
      assertThat(tool("list", "--transactional-id-pattern", "o.*")).contains("open");
      assertThat(tool("describe", "--transactional-id", "open")).contains("Ongoing", "t-0");
      assertThat(tool("describe-producers", "--topic", TOPIC, "--partition", "0"))
          .containsPattern("(?m)^\\d+\\s+0\\s");
      assertThat(tool("find-hanging", "--broker-id", "1").lines()).hasSize(1); // the title

      tool("abort", "--topic", TOPIC, "--partition", "0", "--start-offset", "0");
      assertThat(committed()).isEmpty();

      tool("forceTerminateTransaction", "--transactionalId", "open");
      Awaitility.await()
          .atMost(PATIENCE_SECONDS, TimeUnit.SECONDS)
          .until(() -> state("open") != TransactionState.ONGOING);
      assertThatThrownBy(producer::commitTransaction).isInstanceOf(KafkaException.class);
    }
  }

  private String tool(String... arguments) throws Exception {
    List<String> command =
        new ArrayList<>(List.of("kafka-transactions", "--bootstrap-server", broker.address()));
    command.addAll(List.of(arguments));
    Launcher.Result result = Launcher.run(folder, command.toArray(String[]::new));
    assertThat(result.exitCode()).as("%s: %s", command, result.err()).isZero();
    return result.out();
  }

  @Test
  void thePerformanceTestRunsInTransactions() throws Exception {
    Launcher.Result result =
        Launcher.run(
            folder,
            "kafka-producer-perf-test",
            "--topic",
            TOPIC,
            "--num-records",
            "50000",
            "--record-size",
            "100",
            "--throughput",
            "-1",
            "--transaction-duration-ms",
            "100",
            "--producer-props",
            "bootstrap.servers=" + broker.address());

    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(result.out()).contains("50000 records sent");
    assertThat(committed()).hasSize(50_000);
  }
}
