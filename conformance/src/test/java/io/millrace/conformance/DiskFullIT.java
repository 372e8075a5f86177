package io.millrace.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A broker whose volume is full goes on serving what it has, and writes again once there is room
 * (E13).
 */
class DiskFullIT {
  private static final int VOLUME_MIB = Integer.getInteger("millrace.full.mib", 512);
  private static final int RECORD_BYTES = 500_000;
  private static final TopicPartition LARGE = new TopicPartition("large", 0);

  @TempDir private Path folder;

  @Test
  void writesAreRefusedReadsGoOnAndRoomIsUsedAtOnce() throws Exception {
    Path data = folder.resolve("data");
    Optional<SmallVolume> mounted = SmallVolume.mount(data, VOLUME_MIB);
    assumeTrue(mounted.isPresent(), "no volume can be mounted here");
    int port = BrokerProcess.freePort();
    try (SmallVolume volume = mounted.get();
        BrokerProcess broker = BrokerProcess.run(folder, port, start(volume, data, port));
        Admin admin = Admin.create(Map.of("bootstrap.servers", broker.address()))) {
      admin
          .createTopics(
              List.of(new NewTopic("large", 1, (short) 1), new NewTopic("small", 1, (short) 1)))
          .all()
          .get();

      int written = fill(broker);
      assertThat((long) written * RECORD_BYTES).isGreaterThan((VOLUME_MIB / 3L) << 20);
      assertThat(read(broker)).isEqualTo(written);
      broker.kill();
      broker.start();
      assertThat(read(broker)).as("after a restart on the full volume").isEqualTo(written);

      admin.deleteTopics(List.of("large")).all().get();
      try (Producer<byte[], byte[]> producer = producer(broker, Map.of())) {
        // it tries again until there is room
        producer.send(new ProducerRecord<>("small", new byte[RECORD_BYTES])).get();
      }
    }
  }

  private static List<String> start(SmallVolume volume, Path data, int port) {
    return volume.inside(
        List.of(
            Launcher.path(),
            "start",
            "--data",
            data.toString(),
            "--listen",
            "127.0.0.1:" + port,
            "--set",
            "wal.file.bytes=33554432",
            "--set",
            "wal.backlog.bytes.max=67108864"));
  }

  private static Producer<byte[], byte[]> producer(BrokerProcess broker, Map<String, Object> more) {
    Map<String, Object> settings = new java.util.HashMap<>(more);
    settings.put("bootstrap.servers", broker.address());
    return new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
  }

  /** Returns how many records the broker took before it refused one. */
  private static int fill(BrokerProcess broker) throws InterruptedException {
    Map<String, Object> once = Map.of("retries", 0, "enable.idempotence", false);
    try (Producer<byte[], byte[]> producer = producer(broker, once)) {
      for (int i = 0; i < 3 * VOLUME_MIB; i++) {
        try {
          producer.send(new ProducerRecord<>("large", new byte[RECORD_BYTES])).get();
        } catch (ExecutionException e) {
          assertThat(e).hasCauseInstanceOf(RetriableException.class);
          return i;
        }
      }
    }
    throw new AssertionError("the volume was never full");
  }

  private static int read(BrokerProcess broker) {
    int read = 0;
    try (Consumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(
            Map.of("bootstrap.servers", broker.address()),
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer())) {
      consumer.assign(List.of(LARGE));
      consumer.seekToBeginning(List.of(LARGE));
      long end = consumer.endOffsets(List.of(LARGE)).getOrDefault(LARGE, 0L);
      long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(2);
      while (consumer.position(LARGE) < end && System.nanoTime() < deadline) {
        for (ConsumerRecord<byte[], byte[]> each : consumer.poll(Duration.ofSeconds(1))) {
          assertThat(each.offset()).isEqualTo(read);
          read++;
        }
      }
    }
    return read;
  }
}
