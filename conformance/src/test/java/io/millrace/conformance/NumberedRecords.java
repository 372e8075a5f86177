package io.millrace.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/**
 * Sends records numbered per partition from a thread of its own with the official idempotent
 * producer, remembers at which offset each was acknowledged, and compares that with what a consumer
 * reads.
 */
final class NumberedRecords implements AutoCloseable {
  private static final int RECORD_BYTES = 200;
  private static final int IN_FLIGHT_MAX = 20_000;
  private static final int FAILURES_MAX = 10;
  private static final Duration POLL = Duration.ofMillis(500);
  private static final long SILENCE_NS_MAX = TimeUnit.SECONDS.toNanos(30);

  private final String topic;
  private final KafkaProducer<byte[], byte[]> producer;
  private final Thread sender;
  private final Semaphore room = new Semaphore(IN_FLIGHT_MAX);
  private final List<List<Long>> acknowledgedOffsets;
  private final List<String> failures = Collections.synchronizedList(new ArrayList<>());
  private final long[] sent;
  private volatile boolean finishing;
  private long acknowledged;

  NumberedRecords(String address, String topic, int partitions) {
    this.topic = topic;
    this.sent = new long[partitions];
    this.acknowledgedOffsets =
        IntStream.range(0, partitions).<List<Long>>mapToObj(p -> new ArrayList<>()).toList();
    this.producer =
        new KafkaProducer<>(
            Map.of(
                "bootstrap.servers", address,
                "acks", "all",
                "enable.idempotence", true,
                "linger.ms", 1,
                "delivery.timeout.ms", 600_000,
                "max.block.ms", 600_000,
                "reconnect.backoff.max.ms", 100,
                "request.timeout.ms", 10_000),
            new ByteArraySerializer(),
            new ByteArraySerializer());
    this.sender = Thread.ofPlatform().name("numbered-records").start(this::send);
  }

  private void send() {
    try {
      while (!finishing && failures.size() < FAILURES_MAX) {
        for (int partition = 0; partition < sent.length; partition++) {
          room.acquire();
          send(partition, sent[partition]++);
        }
      }
      producer.flush();
    } catch (InterruptedException ended) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      failures.add("send: " + e);
    }
  }

  private void send(int partition, long number) {
    byte[] value = ByteBuffer.allocate(RECORD_BYTES).putLong(number).array();
    producer.send(
        new ProducerRecord<>(topic, partition, null, value),
        (at, failure) -> onAnswer(partition, number, at, failure));
  }

  private synchronized void onAnswer(
      int partition, long number, RecordMetadata at, @Nullable Exception failure) {
    room.release();
    if (failure != null) {
      if (failures.size() < FAILURES_MAX) {
        failures.add("record %d of partition %d: %s".formatted(number, partition, failure));
      }
      notifyAll();
      return;
    }
    List<Long> offsets = acknowledgedOffsets.get(partition);
    if (number != offsets.size()) {
      failures.add(
          "record %d of partition %d acknowledged after %d others"
              .formatted(number, partition, offsets.size()));
    }
    offsets.add(at.offset());
    acknowledged++;
    notifyAll();
  }

  /** How many went to each partition; after {@link #finish}. */
  long[] sent() {
    return sent.clone();
  }

  synchronized long acknowledged() {
    return acknowledged;
  }

  /** False if that many are not acknowledged in time, or sends have failed. */
  synchronized boolean awaitAcknowledged(long wanted, long timeout, TimeUnit unit)
      throws InterruptedException {
    long endNs = System.nanoTime() + unit.toNanos(timeout);
    while (acknowledged < wanted && failures.isEmpty()) {
      long leftMs = TimeUnit.NANOSECONDS.toMillis(endNs - System.nanoTime());
      if (leftMs <= 0) {
        return false;
      }
      wait(leftMs);
    }
    return failures.isEmpty();
  }

  List<String> failures() {
    return List.copyOf(failures);
  }

  /** Stops sending and waits until everything sent is answered. */
  void finish() throws InterruptedException {
    finishing = true;
    sender.join();
  }

  /**
   * Every partition holds exactly the records sent, in order, each at the offset it was
   * acknowledged at.
   */
  void verify(String address) {
    List<TopicPartition> partitions =
        IntStream.range(0, sent.length).mapToObj(p -> new TopicPartition(topic, p)).toList();
    long[] next = new long[sent.length];
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(
            Map.of("bootstrap.servers", address, "auto.offset.reset", "earliest"),
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer())) {
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      long total = acknowledged();
      long read = 0;
      long lastProgressNs = System.nanoTime();
      while (read < total) {
        var polled = consumer.poll(POLL);
        for (ConsumerRecord<byte[], byte[]> record : polled) {
          check(record, next[record.partition()]++);
          read++;
        }
        if (!polled.isEmpty()) {
          lastProgressNs = System.nanoTime();
        }
        assertThat(System.nanoTime() - lastProgressNs)
            .as("read %d of %d records, then nothing came", read, total)
            .isLessThan(SILENCE_NS_MAX);
      }
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      for (TopicPartition partition : partitions) {
        assertThat(ends.get(partition))
            .as("end of %s", partition)
            .isEqualTo(sent[partition.partition()]);
      }
    }
  }

  private void check(ConsumerRecord<byte[], byte[]> record, long expected) {
    assertThat(ByteBuffer.wrap(record.value()).getLong())
        .as(
            "number of the record at offset %d of partition %d",
            record.offset(), record.partition())
        .isEqualTo(expected);
    assertThat(record.offset())
        .as("offset of record %d of partition %d", expected, record.partition())
        .isEqualTo(acknowledgedOffsets.get(record.partition()).get((int) expected));
  }

  @Override
  public void close() {
    sender.interrupt();
    producer.close(Duration.ZERO);
  }
}
