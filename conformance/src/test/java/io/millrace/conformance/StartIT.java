package io.millrace.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.LIST;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * The contract of {@code millrace start}: what it prints, how it ends, what it keeps, which files
 * of Apache Kafka it takes.
 */
class StartIT {
  private static final TopicPartition PARTITION = new TopicPartition("t", 1);
  private static final ConfigResource TOPIC = new ConfigResource(ConfigResource.Type.TOPIC, "t");

  @TempDir private Path folder;

  @Test
  void standardOutputIsTheReadyLineAndASigtermEndsWithZero() throws Exception {
    try (BrokerProcess broker = BrokerProcess.start(folder)) {
      assertThat(broker.readyLine())
          .matches(
              "Millrace is ready: PLAINTEXT://%s, data in %s, \\d+ ms after process start"
                  .formatted(broker.address(), folder.resolve("data")));

      assertThat(broker.stop()).isZero();

      assertThat(broker.outputAfterReadyLine()).isEmpty();
      assertThat(broker.logged()).doesNotContain(" ERROR ", "Exception");
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void controlCEndsWithZero() throws Exception {
    int port = BrokerProcess.freePort();
    // a build in the background has SIGINT ignored, and so would what it starts
    List<String> command =
        List.of(
            "env",
            "--default-signal=INT",
            Launcher.path(),
            "start",
            "--data=" + folder.resolve("data"),
            "--listen=127.0.0.1:" + port);
    try (BrokerProcess broker = BrokerProcess.run(folder, port, command)) {
      new ProcessBuilder("kill", "-INT", Long.toString(broker.pid())).start().waitFor();

      assertThat(broker.awaitEnd()).isZero();
    }
  }

  @Test
  void aRestartKeepsTopicsConfigsRecordsOffsetsAndTheClustersId() throws Exception {
    try (BrokerProcess broker = BrokerProcess.start(folder)) {
      String clusterId = createTopic(broker);
      send(broker.address(), "kept");
      commit(broker);

      broker.stop();
      broker.start();

      try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.address()))) {
        assertThat(admin.describeCluster().clusterId().get()).isEqualTo(clusterId);
        TopicDescription topic = admin.describeTopics(List.of("t")).allTopicNames().get().get("t");
        assertThat(topic).extracting(TopicDescription::partitions, LIST).hasSize(3);
        Config config = admin.describeConfigs(List.of(TOPIC)).all().get().get(TOPIC);
        assertThat(config).extracting(c -> c.get("retention.ms").value()).isEqualTo("1234567");
        assertThat(admin.listConsumerGroupOffsets("g").partitionsToOffsetAndMetadata().get())
            .containsExactly(Map.entry(PARTITION, new OffsetAndMetadata(1, "note")));
      }
      assertThat(read(broker.address())).containsExactly("kept");
    }
  }

  @Test
  void theServerPropertiesOfApacheKafka43StartABroker() throws Exception {
    int port = BrokerProcess.freePort();
    try (BrokerProcess broker = startWith("kafka-4.3-server.properties", port)) {
      createTopic(broker);
      send("localhost:" + port, "a");

      assertThat(read("localhost:" + port)).containsExactly("a");
      assertThat(broker.logged())
          .contains("process.roles has no effect", "CONTROLLER", "is not opened");
      assertThat(folder.resolve("logs/store")).isDirectory();
    }
  }

  @Test
  void theServerPropertiesOfAKafkaWithZookeeperStartABroker() throws Exception {
    int port = BrokerProcess.freePort();
    try (BrokerProcess broker = startWith("kafka-2.8-server.properties", port)) {
      createTopic(broker);
      send("localhost:" + port, "a");

      assertThat(read("localhost:" + port)).containsExactly("a");
      assertThat(broker.logged())
          .contains("zookeeper.connect has no effect", "log.message.format.version has no effect");
    }
  }

  /** With a port and a folder that are free here. */
  private BrokerProcess startWith(String file, int port) throws IOException {
    String text;
    try (InputStream shipped = getClass().getResourceAsStream(file)) {
      text = new String(Objects.requireNonNull(shipped).readAllBytes(), StandardCharsets.UTF_8);
    }
    Path config = folder.resolve("server.properties");
    Files.writeString(
        config,
        text.replace("9092", Integer.toString(port))
            .replaceAll("(?m)^log\\.dirs=.*$", "log.dirs=" + folder.resolve("logs")));
    return BrokerProcess.run(
        folder, port, List.of(Launcher.path(), "start", "--config", config.toString()));
  }

  private static String createTopic(BrokerProcess broker) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.address()))) {
      NewTopic topic = new NewTopic("t", 3, (short) 1).configs(Map.of("retention.ms", "1234567"));
      admin.createTopics(List.of(topic)).all().get();
      return admin.describeCluster().clusterId().get();
    }
  }

  private static void send(String address, String value) throws Exception {
    try (KafkaProducer<String, String> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", address), new StringSerializer(), new StringSerializer())) {
      producer.send(new ProducerRecord<>("t", PARTITION.partition(), "k", value)).get();
    }
  }

  private static void commit(BrokerProcess broker) {
    try (KafkaConsumer<String, String> consumer = consumer(broker.address())) {
      consumer.assign(List.of(PARTITION));
      consumer.commitSync(Map.of(PARTITION, new OffsetAndMetadata(1, "note")));
    }
  }

  /** What the partition holds now. */
  private static List<String> read(String address) {
    List<String> values = new ArrayList<>();
    try (KafkaConsumer<String, String> consumer = consumer(address)) {
      consumer.assign(List.of(PARTITION));
      consumer.seekToBeginning(List.of(PARTITION));
      long end = Objects.requireNonNull(consumer.endOffsets(List.of(PARTITION)).get(PARTITION));
      while (consumer.position(PARTITION) < end) {
        consumer.poll(Duration.ofSeconds(1)).forEach(record -> values.add(record.value()));
      }
    }
    return values;
  }

  private static KafkaConsumer<String, String> consumer(String address) {
    return new KafkaConsumer<>(
        Map.of("bootstrap.servers", address, "group.id", "g", "enable.auto.commit", false),
        new StringDeserializer(),
        new StringDeserializer());
  }
}
