package io.millrace.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Records go by age and by size, soon after the configuration says so. */
class RetentionIT {
  private static final long PATIENCE_SECONDS = 60;
  private static final int RECORDS = 100;

  @TempDir private Path folder;
  private BrokerProcess broker;
  private Admin admin;

  @BeforeEach
  void start() throws Exception {
    broker = BrokerProcess.start(folder, "log.retention.check.interval.ms=500");
    admin = Admin.create(Map.of("bootstrap.servers", broker.address()));
  }

  @AfterEach
  void stop() {
    admin.close();
    broker.close();
  }

  @Test
  void whatIsOlderThanItsTopicKeepsGoesAndWhatIsYoungerStays() throws Exception {
    long dayMs = TimeUnit.DAYS.toMillis(1);
    long nowMs = System.currentTimeMillis();
    create("t", Map.of());
    send("t", nowMs - 3 * dayMs);
    send("t", nowMs);
    assertThat(earliest("t")).isZero();

    set("t", "retention.ms", Long.toString(2 * dayMs));

    await(() -> earliest("t") == RECORDS);
    set("t", "retention.ms", "1000");
    await(() -> earliest("t") == 2 * RECORDS);
    send("t", System.currentTimeMillis());
    assertThat(admin.listOffsets(Map.of(partition("t"), OffsetSpec.latest())).all().get())
        .hasEntrySatisfying(partition("t"), end -> assertThat(end.offset()).isEqualTo(300));
  }

  @Test
  void whatIsMoreThanItsTopicKeepsGoes() throws Exception {
    create("t", Map.of("retention.bytes", "20000"));
    for (int i = 0; i < 10; i++) {
      send("t", System.currentTimeMillis());
    }

    await(() -> sizeBytes("t") < 20_000 * 9 / 8 + 12_000);
    assertThat(sizeBytes("t")).isGreaterThanOrEqualTo(20_000);
    assertThat(earliest("t")).isPositive();
  }

  @Test
  void aCompactedTopicKeepsWhatIsOld() throws Exception {
    create("compacted", Map.of("cleanup.policy", "compact", "retention.ms", "1"));
    create("deleted", Map.of("retention.ms", "1"));
    long longAgoMs = System.currentTimeMillis() - TimeUnit.DAYS.toMillis(30);
    send("compacted", longAgoMs);
    send("deleted", longAgoMs);

    await(() -> earliest("deleted") == RECORDS);
    assertThat(earliest("compacted")).isZero();
  }

  private void create(String topic, Map<String, String> configs) throws Exception {
    admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1).configs(configs))).all().get();
  }

  /** A hundred records of about a hundred bytes with that time. */
  private void send(String topic, long timestampMs) {
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", broker.address(), "linger.ms", 50),
            new ByteArraySerializer(),
            new ByteArraySerializer())) {
      for (int i = 0; i < RECORDS; i++) {
        producer.send(
            new ProducerRecord<>(topic, 0, timestampMs, new byte[] {(byte) i}, new byte[90]));
      }
    }
  }

  private void set(String topic, String key, String value) throws Exception {
    Collection<AlterConfigOp> change =
        List.of(new AlterConfigOp(new ConfigEntry(key, value), OpType.SET));
    admin
        .incrementalAlterConfigs(
            Map.of(new ConfigResource(ConfigResource.Type.TOPIC, topic), change))
        .all()
        .get();
  }

  private long earliest(String topic) throws Exception {
    return admin
        .listOffsets(Map.of(partition(topic), OffsetSpec.earliest()))
        .partitionResult(partition(topic))
        .get()
        .offset();
  }

  private long sizeBytes(String topic) throws Exception {
    return admin.describeLogDirs(List.of(1)).allDescriptions().get().values().stream()
        .flatMap(folders -> folders.values().stream())
        .flatMap(folder -> folder.replicaInfos().entrySet().stream())
        .filter(replica -> replica.getKey().equals(partition(topic)))
        .mapToLong(replica -> replica.getValue().size())
        .sum();
  }

  private static TopicPartition partition(String topic) {
    return new TopicPartition(topic, 0);
  }

  private static void await(Callable<Boolean> condition) {
    Awaitility.await().atMost(PATIENCE_SECONDS, TimeUnit.SECONDS).until(condition);
  }
}
