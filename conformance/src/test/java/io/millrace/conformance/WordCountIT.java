package io.millrace.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.LongDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@link WordCount} tells each count of each word once, however often it or the broker is killed.
 */
class WordCountIT {
  private static final int ROUNDS = Integer.getInteger("millrace.streams.rounds", 4);
  private static final int WORDS = 7;
  private static final int WORDS_PER_ROUND = 350;
  private static final int PARTITIONS = 4;
  private static final long PATIENCE_NS = TimeUnit.SECONDS.toNanos(120);

  @TempDir private Path folder;

  @Test
  void eachCountIsToldOnceOverKills() throws Exception {
    try (BrokerProcess broker =
        BrokerProcess.start(
            folder,
            "group.initial.rebalance.delay.ms=0",
            "transaction.state.log.num.partitions=4")) {
      createTopics(broker);
      Process application = start(broker);
      try (Counts counts = new Counts(broker)) {
        for (int round = 1; round <= ROUNDS; round++) {
          say(broker, round);
          counts.await((long) round * WORDS_PER_ROUND - WORDS_PER_ROUND / 2);
          if (round % 2 == 0) {
            broker.kill();
            broker.start();
          }
          application.destroyForcibly().waitFor();
          application = start(broker);
        }
        counts.await((long) ROUNDS * WORDS_PER_ROUND);

        assertThat(counts.told).hasSize(WORDS);
        counts.told.forEach((word, told) ->
            assertThat(told)
                .as(word)
                .containsExactlyElementsOf(
                    LongStream.rangeClosed(1, (long) ROUNDS * WORDS_PER_ROUND / WORDS)
                        .boxed()
                        .toList()));
      } finally {
        application.destroyForcibly().waitFor();
      }
    }
  }

  private static void createTopics(BrokerProcess broker) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.address()))) {
      admin
          .createTopics(
              List.of(
                  new NewTopic(WordCount.INPUT, PARTITIONS, (short) 1),
                  new NewTopic(WordCount.OUTPUT, PARTITIONS, (short) 1)))
          .all()
          .get();
    }
  }

  private Process start(BrokerProcess broker) throws IOException {
    Path log = folder.resolve("word-count.log");
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-Xmx256m",
            "-XX:+UseSerialGC",
            "-cp",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            WordCount.class.getName(),
            broker.address(),
            folder.resolve("state").toString())
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
        .start();
  }

  private static void say(BrokerProcess broker, int round) {
    try (KafkaProducer<String, String> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", broker.address(), "enable.idempotence", "true"),
            new StringSerializer(),
            new StringSerializer())) {
      for (int i = 0; i < WORDS_PER_ROUND; i++) {
        producer.send(
            new ProducerRecord<>(
                WordCount.INPUT, "k%d-%d".formatted(round, i), "word" + i % WORDS));
      }
    }
  }

  /** What read_committed shows. */
  private static final class Counts implements AutoCloseable {
    final Map<String, List<Long>> told = new TreeMap<>();
    private final KafkaConsumer<String, Long> consumer;
    private long total;

    Counts(BrokerProcess broker) {
      Map<String, Object> config = new HashMap<>();
      config.put("bootstrap.servers", broker.address());
      config.put("isolation.level", "read_committed");
      config.put("auto.offset.reset", "earliest");
      consumer = new KafkaConsumer<>(config, new StringDeserializer(), new LongDeserializer());
      List<TopicPartition> all = new ArrayList<>();
      for (int p = 0; p < PARTITIONS; p++) {
        all.add(new TopicPartition(WordCount.OUTPUT, p));
      }
      consumer.assign(all);
    }

    void await(long count) {
      long startNs = System.nanoTime();
      while (total < count) {
        consumer
            .poll(Duration.ofMillis(200))
            .forEach(record -> {
              told.computeIfAbsent(record.key(), word -> new ArrayList<>()).add(record.value());
              total++;
            });
        assertThat(System.nanoTime() - startNs)
            .as("%d of %d counts; %s", total, count, told)
            .isLessThan(PATIENCE_NS);
      }
    }

    @Override
    public void close() {
      consumer.close();
    }
  }
}
