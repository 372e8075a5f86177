package io.millrace.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code millrace dump-log}, beside a broker, after kill -9, and read by Kafka's own tool. */
class DumpLogIT {
  private static final int RECORDS = 40;
  private static final Pattern OFFSET = Pattern.compile("^\\| offset: (\\d+) .*payload: (.*)$");

  @TempDir private Path folder;

  @Test
  void aLogIsPrintedAndExportedWhetherABrokerRunsOrNot() throws Exception {
    Path data = folder.resolve("data");
    BrokerProcess broker = BrokerProcess.start(folder);
    try (broker) {
      produce(broker.address());
      String live = dumped("--data", data.toString(), "orders-0");
      assertThat(live)
          .startsWith("orders-0 (")
          .contains("not published yet")
          .contains(", transactional, crc ")
          .contains(", control, crc ")
          .endsWith("end offset %d\n".formatted(RECORDS + 4));
      broker.kill();
    }

    String records = dumped("--data", data.toString(), "orders-0", "--records");
    assertThat(records)
        .contains("key 'k7' value 'v7'\n")
        .contains(": COMMIT\n")
        .contains(": ABORT\n")
        .endsWith("end offset %d\n".formatted(RECORDS + 4));
    try (BrokerProcess _ = BrokerProcess.start(folder)) {
      // what was in the log of the one that was killed is published now
      assertThat(dumped("--data", data.toString(), "orders-0"))
          .contains("object wal/")
          .contains("  aborted: producer ")
          .endsWith("end offset %d\n".formatted(RECORDS + 4));
    }
    readByKafka("--data", data.toString());
  }

  @Test
  void aLogOnASharedStoreIsDumpedToo() throws Exception {
    String store = "file:" + folder.resolve("shared");
    int port = BrokerProcess.freePort();
    List<String> command =
        List.of(Launcher.path(), "start", "--store", store, "--listen", "127.0.0.1:" + port);
    try (BrokerProcess broker = BrokerProcess.run(folder, port, command)) {
      produce(broker.address());
      readByKafka("--store", store);
    }
  }

  @Test
  void whatIsNotThereIsSaidToBe() throws Exception {
    try (BrokerProcess broker = BrokerProcess.start(folder)) {
      produce(broker.address());
    }
    String data = folder.resolve("data").toString();

    assertThat(refused("--data", data, "orders-1"))
        .isEqualTo("millrace: Topic orders has partitions 0 to 0.\n");
    assertThat(refused("--data", data, "orders"))
        .startsWith("millrace: There is no partition 'orders'; name one as TOPIC-PARTITION");
    assertThat(refused("--data", data)).isEqualTo("millrace: dump-log needs TOPIC-PARTITION\n");
  }

  private void readByKafka(String option, String where) throws Exception {
    Path exported = folder.resolve("exported");
    dumped(option, where, "orders-0", "--export", exported.toString());
    Path segment;
    try (Stream<Path> files = Files.list(exported.resolve("orders-0"))) {
      segment = files.toList().getFirst();
    }
    assertThat(segment.getFileName()).hasToString("00000000000000000000.log");

    Launcher.Result read =
        Launcher.run(folder, "kafka-dump-log", "--print-data-log", "--files", segment.toString());

    assertThat(read.out().lines().map(OFFSET::matcher).filter(java.util.regex.Matcher::find))
        .extracting(line -> line.group(1) + " " + line.group(2))
        .startsWith(IntStream.range(0, RECORDS).mapToObj(i -> i + " v" + i).toArray(String[]::new))
        .contains((RECORDS + " committed"), ((RECORDS + 2) + " aborted"));
  }

  private static void produce(String address) throws Exception {
    Map<String, Object> config =
        Map.of("bootstrap.servers", address, "linger.ms", "0", "batch.size", "200");
    try (Producer<String, String> plain =
        new KafkaProducer<>(config, new StringSerializer(), new StringSerializer())) {
      for (int i = 0; i < RECORDS; i++) {
        Future<RecordMetadata> sent = plain.send(new ProducerRecord<>("orders", "k" + i, "v" + i));
        if (i % 10 == 9) {
          sent.get();
        }
      }
    }
    Map<String, Object> transactional =
        Map.of("bootstrap.servers", address, "transactional.id", "dump");
    try (Producer<String, String> producer =
        new KafkaProducer<>(transactional, new StringSerializer(), new StringSerializer())) {
      producer.initTransactions();
      producer.beginTransaction();
      producer.send(new ProducerRecord<>("orders", "k", "committed")).get();
      producer.commitTransaction();
      producer.beginTransaction();
      producer.send(new ProducerRecord<>("orders", "k", "aborted")).get();
      producer.abortTransaction();
    }
  }

  private String dumped(String... arguments) throws Exception {
    return new Inspection(folder, "dump-log").printed(arguments);
  }

  private String refused(String... arguments) throws Exception {
    return new Inspection(folder, "dump-log").refused(arguments);
  }
}
