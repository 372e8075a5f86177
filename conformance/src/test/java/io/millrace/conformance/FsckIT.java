package io.millrace.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code millrace fsck} on what brokers have stored, beside them and after their end. */
class FsckIT {
  private static final int RECORDS = 30;
  private static final int DAMAGED = 9;

  @TempDir private Path folder;

  private static void produce(BrokerProcess broker) throws Exception {
    try (KafkaProducer<String, String> producer = producer(broker)) {
      for (int i = 0; i < RECORDS; i++) {
        producer.send(new ProducerRecord<>("orders", 0, "k" + i, "value-" + i + ".")).get();
      }
    }
  }

  private static KafkaProducer<String, String> producer(BrokerProcess broker) {
    return new KafkaProducer<>(
        Map.of("bootstrap.servers", broker.address()),
        new StringSerializer(),
        new StringSerializer());
  }

  private String sound(String... arguments) throws Exception {
    return new Inspection(folder, "fsck").printed(arguments);
  }

  @Test
  void aSoundStoreIsProvenWhetherABrokerRunsOrNot() throws Exception {
    String data = folder.resolve("data").toString();
    BrokerProcess broker = BrokerProcess.start(folder);
    try (broker) {
      produce(broker);
      assertThat(sound("--data", data)).startsWith("Checked as of metadata entry ");
      broker.kill();
    }
    assertThat(sound("--data", data)).contains(": 1 topics with 1 partitions in 0 objects");
    BrokerProcess.start(folder).close();
    assertThat(sound("--data", data, "--repair"))
        .contains(": 1 topics with 1 partitions in 1 objects");
    assertThat(folder.resolve("data/quarantine")).doesNotExist();
  }

  @Test
  void aSoundStoreOfAClusterIsProven() throws Exception {
    String store = "file:" + folder.resolve("shared");
    int port = BrokerProcess.freePort();
    List<String> command =
        List.of(Launcher.path(), "start", "--store", store, "--listen", "127.0.0.1:" + port);
    try (BrokerProcess broker = BrokerProcess.run(folder, port, command)) {
      produce(broker);
      assertThat(sound("--store", store)).startsWith("Checked as of metadata entry ");
      broker.kill();
    }
    assertThat(sound("--store", store)).startsWith("Checked as of metadata entry ");
  }

  @Test
  void whatIsDamagedIsNamedAndPutAside() throws Exception {
    String data = folder.resolve("data").toString();
    BrokerProcess broker = BrokerProcess.start(folder);
    try (broker) {
      produce(broker);
      broker.kill();
    }
    damage(folder.resolve("data/store/wal"));
    assertThatThrownBy(() -> BrokerProcess.start(folder)).hasMessageContaining("offset " + DAMAGED);

    Launcher.Result found = Launcher.run(folder, "fsck", "--data", data);
    assertThat(found.exitCode()).isOne();
    assertThat(found.out())
        .startsWith("damaged wal/")
        .contains(": orders-0 offsets %d to %d: ".formatted(DAMAGED, DAMAGED));
    assertThat(found.err()).startsWith("millrace: The store is damaged: 1 findings");
    Launcher.Result repaired = Launcher.run(folder, "fsck", "--data", data, "--repair");
    assertThat(repaired.exitCode()).isZero();
    assertThat(repaired.out()).contains("\nquarantined " + data + "/quarantine/wal-");
    try (BrokerProcess _ = BrokerProcess.start(folder)) {
      assertThat(new Inspection(folder, "dump-log").printed("--data", data, "orders-0"))
          .endsWith("end offset %d\n".formatted(DAMAGED));
    }
  }

  @Test
  void whatIsDamagedInAnObjectIsNotServedAndTheRestIs() throws Exception {
    String data = folder.resolve("data").toString();
    BrokerProcess broker = BrokerProcess.start(folder);
    produce(broker);
    broker.stop();
    damage(folder.resolve("data/store/wal"));
    broker.start();
    try (broker;
        Consumer<String, String> consumer =
            new KafkaConsumer<>(
                Map.of("bootstrap.servers", broker.address(), "max.partition.fetch.bytes", 1),
                new StringDeserializer(),
                new StringDeserializer())) {
      TopicPartition orders = new TopicPartition("orders", 0);
      consumer.assign(List.of(orders));
      consumer.seek(orders, DAMAGED);
      assertThatThrownBy(() -> consumer.poll(Duration.ofSeconds(60)))
          .isInstanceOf(KafkaException.class)
          .hasMessageContaining("corrupt message when fetching offset " + DAMAGED);
      assertThat(broker.logged()).contains("ERROR DamageLog: Corrupt data is not served: wal/");

      // others are as well as they were, and so is the end of this one
      try (KafkaProducer<String, String> producer = producer(broker)) {
        assertThat(producer.send(new ProducerRecord<>("orders", 0, "k", "v")).get().offset())
            .isEqualTo(RECORDS);
        producer.send(new ProducerRecord<>("bills", 0, "k", "bill")).get();
      }
      consumer.assign(List.of(new TopicPartition("bills", 0)));
      consumer.seekToBeginning(consumer.assignment());
      assertThat(consumer.poll(Duration.ofSeconds(60))).hasSize(1);
    }

    Launcher.Result found = Launcher.run(folder, "fsck", "--data", data, "--repair");
    assertThat(found.exitCode()).isOne();
    assertThat(found.out()).contains(": orders-0 offsets %d to %d: ".formatted(DAMAGED, DAMAGED));
    assertThat(folder.resolve("data/quarantine")).doesNotExist();
  }

  /** Flips a bit of a record in the one file of a log. */
  private static void damage(Path logs) throws Exception {
    Path file;
    try (Stream<Path> files = Files.walk(logs)) {
      file = files.filter(Files::isRegularFile).sorted().findFirst().orElseThrow();
    }
    byte[] bytes = Files.readAllBytes(file);
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    int at = text.indexOf("value-" + DAMAGED + ".");
    assertThat(at).isPositive();
    bytes[at] ^= 1;
    Files.write(file, bytes);
  }
}
