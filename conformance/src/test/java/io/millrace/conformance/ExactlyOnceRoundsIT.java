package io.millrace.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The consume-transform-produce program of the examples, in a process of its own, while it or its
 * broker is killed at random moments and started again: the output holds each input once, in order.
 * More rounds: {@code -Dmillrace.exactly.once.rounds=50 -Dmillrace.exactly.once.seed=N}.
 */
class ExactlyOnceRoundsIT {
  private static final int PARTITIONS = 3;
  private static final int RECORDS_PER_ROUND = 600;
  private static final int KILL_AFTER_MS_MAX = 3_000;
  private static final long PATIENCE_SECONDS = 180;
  private static final Path PROGRAM = Path.of("../examples/ConsumeTransformProduce.java");

  @TempDir private Path folder;
  private @Nullable Process program;

  @AfterEach
  void stop() {
    if (program != null) {
      program.destroyForcibly();
    }
  }

  @Test
  void theOutputHoldsEachInputOnceAndInOrder() throws Exception {
    int rounds = Integer.getInteger("millrace.exactly.once.rounds", 3);
    long seed = Long.getLong("millrace.exactly.once.seed", System.nanoTime());
    Random random = new Random(seed);
    try (BrokerProcess broker = BrokerProcess.start(folder)) {
      createTopics(broker);
      startProgram(broker);
      int sent = 0;
      for (int round = 0; round < rounds; round++) {
        produce(broker, sent, RECORDS_PER_ROUND);
        sent += RECORDS_PER_ROUND;
        TimeUnit.MILLISECONDS.sleep(random.nextInt(KILL_AFTER_MS_MAX));
        if (random.nextBoolean()) {
          broker.kill();
          broker.start();
        } else {
          Objects.requireNonNull(program).destroyForcibly().waitFor();
          startProgram(broker);
        }
      }

      assertThat(output(broker, sent))
          .as("seed %d; program:\n%s\nbroker:\n%s", seed, programLog(), broker.logged())
          .isEqualTo(expected(sent));
    }
  }

  private static void createTopics(BrokerProcess broker) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.address()))) {
      admin
          .createTopics(
              List.of(
                  new NewTopic("in", PARTITIONS, (short) 1),
                  new NewTopic("out", PARTITIONS, (short) 1)))
          .all()
          .get();
    }
  }

  private void startProgram(BrokerProcess broker) throws IOException {
    program =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElse("java"),
                "-cp",
                System.getProperty("java.class.path"),
                PROGRAM.toString(),
                broker.address(),
                "in",
                "out")
            .redirectErrorStream(true)
            .redirectOutput(
                ProcessBuilder.Redirect.appendTo(folder.resolve("program.log").toFile()))
            .start();
  }

  private String programLog() throws IOException {
    return Files.readString(folder.resolve("program.log"));
  }

  private static void produce(BrokerProcess broker, int first, int count) throws Exception {
    try (KafkaProducer<String, String> producer =
        new KafkaProducer<>(
            Map.of(
                "bootstrap.servers",
                broker.address(),
                "key.serializer",
                StringSerializer.class,
                "value.serializer",
                StringSerializer.class))) {
      for (int i = first; i < first + count; i++) {
        var unused = producer.send(new ProducerRecord<>("in", i % PARTITIONS, null, "record-" + i));
      }
      producer.flush();
    }
  }

  private static Map<Integer, List<String>> expected(int sent) {
    Map<Integer, List<String>> expected = new TreeMap<>();
    for (int i = 0; i < sent; i++) {
      expected
          .computeIfAbsent(i % PARTITIONS, _ -> new ArrayList<>())
          .add(("record-" + i).toUpperCase(Locale.ROOT));
    }
    return expected;
  }

  /** The committed output by partition, once there is as much as was sent, and a while longer. */
  private static Map<Integer, List<String>> output(BrokerProcess broker, int sent) {
    Map<Integer, List<String>> output = new TreeMap<>();
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
      List<TopicPartition> partitions = new ArrayList<>();
      for (int p = 0; p < PARTITIONS; p++) {
        partitions.add(new TopicPartition("out", p));
      }
      consumer.assign(partitions);
      long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
      int read = 0;
      int quietPolls = 0;
      while (quietPolls < 20 && System.nanoTime() < until) {
        var records = consumer.poll(Duration.ofMillis(100));
        quietPolls = read >= sent && records.isEmpty() ? quietPolls + 1 : 0;
        read += records.count();
        records.forEach(record ->
            output.computeIfAbsent(record.partition(), _ -> new ArrayList<>()).add(record.value()));
      }
    }
    return output;
  }
}
