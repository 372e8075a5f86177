package io.millrace.conformance;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;

/**
 * Official consumers, each on a thread of its own, that read what {@link NumberedRecords} writes
 * while it does. None may skip a record, read one twice while it keeps the partition, or begin
 * before what its group has committed (A5, C8).
 */
final class NumberedReaders implements AutoCloseable {
  private static final Duration POLL = Duration.ofMillis(200);
  private static final int POLL_RECORDS_MAX = 10_000; // each commit waits for a write of the broker
  private static final int FAILURES_MAX = 10;

  private final String address;
  private final String topic;
  private final List<Reader> readers = new ArrayList<>();
  private final List<String> failures = new ArrayList<>();

  /** By partition: one more than the highest number read. */
  private final long[] read;

  /** By partition: what an answered commit of the group covers. */
  private final long[] committed;

  private NumberedReaders(String address, String topic, int partitions) {
    this.address = address;
    this.topic = topic;
    this.read = new long[partitions];
    this.committed = new long[partitions];
  }

  /** One consumer without a group that reads all partitions from their start. */
  static NumberedReaders alone(String address, String topic, int partitions) {
    NumberedReaders readers = new NumberedReaders(address, topic, partitions);
    Reader reader = readers.new Reader(consumer(address, Map.of()), false);
    List<TopicPartition> all =
        IntStream.range(0, partitions).mapToObj(p -> new TopicPartition(topic, p)).toList();
    reader.consumer.assign(all);
    reader.consumer.seekToBeginning(all);
    readers.start(reader);
    return readers;
  }

  /** Members of one group, which commit what they have read after each poll. */
  static NumberedReaders group(String address, String topic, int partitions, int members) {
    NumberedReaders readers = new NumberedReaders(address, topic, partitions);
    for (int i = 0; i < members; i++) {
      readers.join(Map.of("session.timeout.ms", 10_000, "heartbeat.interval.ms", 1000));
    }
    return readers;
  }

  /** The group that {@link #join} joins. */
  static final String GROUP = "numbered-readers";

  /**
   * Another member comes into the group.
   *
   * @param config more of its configuration, which may name another protocol
   */
  void join(Map<String, Object> config) {
    Map<String, Object> membership = new HashMap<>(config);
    membership.put("group.id", GROUP);
    Reader reader = new Reader(consumer(address, membership), true);
    reader.consumer.subscribe(List.of(topic), reader);
    start(reader);
  }

  /** The member that has been in longest leaves. */
  void leaveFirst() throws InterruptedException {
    Reader first = readers.removeFirst();
    first.consumer.wakeup();
    if (first.thread != null) {
      first.thread.join();
    }
  }

  private static KafkaConsumer<byte[], byte[]> consumer(String address, Map<String, Object> more) {
    Map<String, Object> config = new HashMap<>(more);
    config.put("bootstrap.servers", address);
    config.put("auto.offset.reset", "earliest");
    config.put("enable.auto.commit", false);
    config.put("max.poll.records", POLL_RECORDS_MAX);
    config.put("request.timeout.ms", 5000);
    config.put("default.api.timeout.ms", 10_000);
    config.put("reconnect.backoff.max.ms", 100);
    return new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  private void start(Reader reader) {
    reader.thread = Thread.ofPlatform().name("numbered-reader-" + readers.size()).start(reader);
    readers.add(reader);
  }

  /** One consumer and what it knows of its partitions. */
  private final class Reader implements Runnable, ConsumerRebalanceListener {
    final KafkaConsumer<byte[], byte[]> consumer;
    private final boolean commits;

    /**
     * Of partitions it has read from since they were assigned to it: the number that comes next.
     */
    private final Map<Integer, Long> next = new HashMap<>();

    @Nullable Thread thread;

    Reader(KafkaConsumer<byte[], byte[]> consumer, boolean commits) {
      this.consumer = consumer;
      this.commits = commits;
    }

    @Override
    public void run() {
      try (consumer) {
        while (failures().isEmpty()) {
          for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
            onRecord(record);
          }
          tellWaiters();
          if (commits && !next.isEmpty()) {
            commit();
          }
        }
      } catch (WakeupException asked) {
        // the end of the test
      } catch (RuntimeException e) {
        fail("a reader ended: " + e);
      }
    }

    private void onRecord(ConsumerRecord<byte[], byte[]> record) {
      long number = ByteBuffer.wrap(record.value()).getLong();
      int partition = record.partition();
      Long expected = next.put(partition, number + 1);
      synchronized (NumberedReaders.this) {
        long from = expected == null ? committed[partition] : expected;
        long to = expected == null ? read[partition] : expected;
        if (number != record.offset() || number < from || number > to) {
          fail(
              "partition %d gave record %d at offset %d where %d to %d were due%s"
                  .formatted(
                      partition,
                      number,
                      record.offset(),
                      from,
                      to,
                      expected == null ? ", first after an assignment" : ""));
        }
        read[partition] = Math.max(read[partition], number + 1);
      }
    }

    private void commit() {
      Map<Integer, Long> covered = Map.copyOf(next);
      try {
        consumer.commitSync();
      } catch (CommitFailedException | RebalanceInProgressException | RetriableException e) {
        return; // a rebalance, or no coordinator for now: what follows is committed later
      }
      synchronized (NumberedReaders.this) {
        covered.forEach(
            (partition, number) -> committed[partition] = Math.max(committed[partition], number));
      }
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {}

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
      partitions.forEach(partition -> next.remove(partition.partition()));
    }
  }

  private synchronized void tellWaiters() {
    notifyAll();
  }

  private synchronized void fail(String what) {
    if (failures.size() < FAILURES_MAX) {
      failures.add(what);
    }
    notifyAll();
  }

  synchronized List<String> failures() {
    return List.copyOf(failures);
  }

  /**
   * Waits until all of this has been read; false if a reader has failed, or nothing new came for so
   * long.
   */
  synchronized boolean awaitRead(long[] numbers, Duration silenceMax) throws InterruptedException {
    long before = LongStream.of(read).sum();
    long endNs = System.nanoTime() + silenceMax.toNanos();
    while (failures.isEmpty()) {
      if (IntStream.range(0, numbers.length).allMatch(p -> read[p] >= numbers[p])) {
        return true;
      }
      long now = LongStream.of(read).sum();
      if (now > before) {
        before = now;
        endNs = System.nanoTime() + silenceMax.toNanos();
      }
      long leftMs = TimeUnit.NANOSECONDS.toMillis(endNs - System.nanoTime());
      if (leftMs <= 0) {
        return false;
      }
      wait(leftMs);
    }
    return false;
  }

  /** By partition, how far they are, and what went wrong. */
  @Override
  public synchronized String toString() {
    return "read %s, committed %s, failures %s"
        .formatted(Arrays.toString(read), Arrays.toString(committed), failures);
  }

  @Override
  public void close() {
    readers.forEach(reader -> reader.consumer.wakeup());
    try {
      for (Reader reader : readers) {
        if (reader.thread != null) {
          reader.thread.join();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
