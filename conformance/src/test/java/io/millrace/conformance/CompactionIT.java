package io.millrace.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Topics that are compacted, as a client sees them. */
class CompactionIT {
  private static final long PATIENCE_SECONDS = 120;
  private static final String TOPIC = "t";
  private static final TopicPartition PARTITION = new TopicPartition(TOPIC, 0);

  /** Compacted as soon as there is anything to compact. */
  private static final Map<String, String> AT_ONCE =
      Map.of(
          "cleanup.policy", "compact",
          "min.cleanable.dirty.ratio", "0",
          "segment.ms", "100",
          "delete.retention.ms", "500");

  @TempDir private Path folder;
  private BrokerProcess broker;
  private Admin admin;

  @BeforeEach
  void start() throws Exception {
    broker = BrokerProcess.start(folder, "log.cleaner.backoff.ms=200");
    admin = Admin.create(Map.of("bootstrap.servers", broker.address()));
  }

  @AfterEach
  void stop() {
    admin.close();
    broker.close();
  }

  @Test
  void ofEachKeyTheNewestRecordStaysAndATombstoneForAWhile() throws Exception {
    create(AT_ONCE);
    for (int i = 0; i < 1000; i++) {
      send("k" + i % 10, "v" + i);
    }
    send("k3", null);
    send("last", "v");

    await(() -> read().size() == 11);
    assertThat(texts())
        .containsEntry(990L, "k0=v990")
        .containsEntry(999L, "k9=v999")
        .containsEntry(1000L, "k3=null")
        .containsEntry(1001L, "last=v");
    await(() -> {
      send("last", "v"); // compaction comes with what there is to compact
      return !texts().containsKey(1000L);
    });
    await(() -> read().size() == 10);
    assertThat(texts()).doesNotContainKey(993L);
    assertThat(beginning()).isZero();
    broker.stop();
    broker.start();
    assertThat(read()).hasSize(10);
  }

  @Test
  void aTopicIsCompactedOnceItsConfigurationSaysSo() throws Exception {
    create(Map.of("segment.ms", "100", "min.cleanable.dirty.ratio", "0"));
    for (int i = 0; i < 100; i++) {
      send("k", "v" + i);
    }
    assertThat(read()).hasSize(100);

    admin
        .incrementalAlterConfigs(
            Map.of(
                new ConfigResource(ConfigResource.Type.TOPIC, TOPIC),
                List.of(
                    new AlterConfigOp(new ConfigEntry("cleanup.policy", "compact"), OpType.SET))))
        .all()
        .get();

    await(() -> read().size() == 1);
  }

  @Test
  void abortedRecordsGoAndCommittedOnesStay() throws Exception {
    create(AT_ONCE);
    try (KafkaProducer<String, String> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", broker.address(), "transactional.id", "x"),
            new StringSerializer(),
            new StringSerializer())) {
      producer.initTransactions();
      for (int i = 0; i < 20; i++) {
        producer.beginTransaction();
        producer.send(new ProducerRecord<>(TOPIC, "k", "v" + i));
        if (i % 2 == 0) {
          producer.commitTransaction();
        } else {
          producer.abortTransaction();
        }
      }
    }
    send("last", "v");

    await(() -> read("read_uncommitted").size() == 2);
    assertThat(read("read_committed"))
        .extracting(ConsumerRecord::value)
        .containsExactly("v18", "v");
  }

  @Test
  void committedOffsetsSurviveTheCompactionOfTheirTopic() throws Exception {
    broker.close();
    broker =
        BrokerProcess.start(
            folder,
            "log.cleaner.backoff.ms=200",
            "offsets.topic.num.partitions=1",
            "log.roll.ms=100",
            "log.cleaner.min.cleanable.ratio=0");
    admin.close();
    admin = Admin.create(Map.of("bootstrap.servers", broker.address()));
    create(Map.of());
    for (long i = 1; i <= 500; i++) {
      admin
          .alterConsumerGroupOffsets("g" + i % 3, Map.of(PARTITION, new OffsetAndMetadata(i)))
          .all()
          .get();
    }

    await(() -> sizeBytes("__consumer_offsets") < 5000);
    broker.stop();
    broker.start();
    admin.close();
    admin = Admin.create(Map.of("bootstrap.servers", broker.address()));
    assertThat(committed("g0")).isEqualTo(498);
    assertThat(committed("g1")).isEqualTo(499);
    assertThat(committed("g2")).isEqualTo(500);
  }

  /**
   * A consumer that reads from the start again and again while all is written and compacted: of no
   * key it sees an older value behind a newer one, and what was compacted has the last of each key.
   * {@code -Dmillrace.compaction.updates} and {@code -Dmillrace.compaction.keys} make it long.
   */
  @Test
  void readersSeeAValidHistoryMeanwhile() throws Exception {
    long updates = Long.getLong("millrace.compaction.updates", 200_000);
    int keys = Integer.getInteger("millrace.compaction.keys", 10_000);
    create(AT_ONCE);
    long[] last = new long[keys];
    Arrays.fill(last, -1);
    Thread writer =
        Thread.ofPlatform()
            .start(() -> {
              try (KafkaProducer<byte[], byte[]> producer =
                  new KafkaProducer<>(
                      Map.of(
                          "bootstrap.servers",
                          broker.address(),
                          "linger.ms",
                          20,
                          "batch.size",
                          100_000),
                      new ByteArraySerializer(),
                      new ByteArraySerializer())) {
                for (long i = 0; i < updates; i++) {
                  int key = (int) (i * 7_919 % keys);
                  producer.send(
                      new ProducerRecord<>(
                          TOPIC, 0, ByteBuffer.allocate(4).putInt(key).array(), value(i)));
                  last[key] = i;
                }
              }
            });
    int reads = 0;
    while (writer.isAlive() || reads == 0) {
      readHistory(keys);
      reads++;
    }
    writer.join();
    send("last", "v");

    int[] found = {0};
    Awaitility.await()
        .atMost(PATIENCE_SECONDS + updates / 20_000, TimeUnit.SECONDS)
        .until(() -> {
          found[0] = readHistory(keys).size();
          return found[0] == Arrays.stream(last).filter(i -> i >= 0).count();
        });
    Map<Integer, Long> history = readHistory(keys);
    for (int key = 0; key < keys; key++) {
      assertThat(history.getOrDefault(key, -1L)).isEqualTo(last[key]);
    }
    System.out.printf("%d updates of %d keys, read %d times meanwhile%n", updates, keys, reads);
  }

  private static byte[] value(long i) {
    return ByteBuffer.allocate(64).putLong(i).array();
  }

  /** The newest value of each key; empty if there was more than one of some key. */
  private Map<Integer, Long> readHistory(int keys) {
    Map<Integer, Long> newest = new TreeMap<>();
    boolean[] compacted = {true};
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(
            Map.of("bootstrap.servers", broker.address()),
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer())) {
      consumer.assign(List.of(PARTITION));
      consumer.seekToBeginning(List.of(PARTITION));
      long end = Objects.requireNonNull(consumer.endOffsets(List.of(PARTITION)).get(PARTITION));
      while (consumer.position(PARTITION) < end) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
          if (record.key().length == 4 && record.value().length == 64) {
            int key = ByteBuffer.wrap(record.key()).getInt();
            long value = ByteBuffer.wrap(record.value()).getLong();
            Long before = newest.put(key, value);
            assertThat(before == null || before < value).as("key %d", key).isTrue();
            compacted[0] &= before == null;
          }
        }
      }
    }
    assertThat(newest.size()).isLessThanOrEqualTo(keys);
    return compacted[0] ? newest : Map.of();
  }

  private void create(Map<String, String> configs) throws Exception {
    admin.createTopics(List.of(new NewTopic(TOPIC, 1, (short) 1).configs(configs))).all().get();
  }

  private void send(String key, @Nullable String value) throws Exception {
    try (KafkaProducer<String, String> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", broker.address()),
            new StringSerializer(),
            new StringSerializer())) {
      producer.send(new ProducerRecord<>(TOPIC, key, value)).get();
    }
  }

  private List<ConsumerRecord<String, String>> read() {
    return read("read_uncommitted");
  }

  /** All records there are, from the beginning to the end. */
  private List<ConsumerRecord<String, String>> read(String isolation) {
    try (KafkaConsumer<String, String> consumer =
        new KafkaConsumer<>(
            Map.of("bootstrap.servers", broker.address(), "isolation.level", isolation),
            new StringDeserializer(),
            new StringDeserializer())) {
      consumer.assign(List.of(PARTITION));
      consumer.seekToBeginning(List.of(PARTITION));
      long end = Objects.requireNonNull(consumer.endOffsets(List.of(PARTITION)).get(PARTITION));
      List<ConsumerRecord<String, String>> records = new ArrayList<>();
      while (consumer.position(PARTITION) < end) {
        consumer.poll(Duration.ofMillis(100)).forEach(records::add);
      }
      return records;
    }
  }

  private Map<Long, String> texts() {
    Map<Long, String> texts = new TreeMap<>();
    read().forEach(record -> texts.put(record.offset(), record.key() + "=" + record.value()));
    return texts;
  }

  private long beginning() {
    try (KafkaConsumer<String, String> consumer =
        new KafkaConsumer<>(
            Map.of("bootstrap.servers", broker.address()),
            new StringDeserializer(),
            new StringDeserializer())) {
      return Objects.requireNonNull(consumer.beginningOffsets(List.of(PARTITION)).get(PARTITION));
    }
  }

  private long committed(String group) throws Exception {
    return Objects.requireNonNull(
            admin
                .listConsumerGroupOffsets(group)
                .partitionsToOffsetAndMetadata()
                .get()
                .get(PARTITION))
        .offset();
  }

  private long sizeBytes(String topic) throws Exception {
    return admin.describeLogDirs(List.of(1)).allDescriptions().get().values().stream()
        .flatMap(folders -> folders.values().stream())
        .flatMap(folder -> folder.replicaInfos().entrySet().stream())
        .filter(replica -> replica.getKey().topic().equals(topic))
        .mapToLong(replica -> replica.getValue().size())
        .sum();
  }

  private static void await(Callable<Boolean> condition) {
    Awaitility.await().atMost(PATIENCE_SECONDS, TimeUnit.SECONDS).until(condition);
  }
}
