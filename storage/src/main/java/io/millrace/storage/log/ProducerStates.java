package io.millrace.storage.log;

import io.millrace.protocol.batch.BatchHeader;
import io.millrace.storage.log.PartitionLog.Origin;
import io.millrace.storage.object.Footer.BatchSequence;
import io.millrace.storage.object.Footer.ProducerSnapshot;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.OutOfOrderSequenceException;
import org.jspecify.annotations.Nullable;

/**
 * The producers of one partition, as far as batches handed to the WAL tell: epoch and last few
 * batches of each. Owned by the partition's critical section. {@link #check} decides as Apache
 * Kafka does and changes nothing; {@link #accept} is told of what was handed over. Idle age is
 * monotonic time, carried on from former leaders.
 */
final class ProducerStates {
  /** Batches remembered per producer: as many as an idempotent producer has in flight. */
  static final int BATCHES_MAX = 5;

  private static final int NO_SEQUENCE = -1;

  private final Map<Long, Producer> producers = new LinkedHashMap<>();

  /** What to do with a batch. */
  sealed interface Verdict {
    /** It follows; append it. */
    record Accept() implements Verdict {}

    /** It was appended before, at these offsets. */
    record Duplicate(BatchSequence first) implements Verdict {}

    /** It may not be appended. */
    record Refused(ApiException reason) implements Verdict {}
  }

  private static final Verdict ACCEPT = new Verdict.Accept();

  /** Mutable state of one producer. */
  private static final class Producer {
    private short epoch;
    private final Deque<BatchSequence> batches = new ArrayDeque<>(BATCHES_MAX);
    private long lastWriteNs;

    Producer(short epoch, long lastWriteNs) {
      this.epoch = epoch;
      this.lastWriteNs = lastWriteNs;
    }

    int lastSequence() {
      return batches.isEmpty() ? NO_SEQUENCE : batches.getLast().lastSequence();
    }
  }

  /**
   * @param opened the state at the partition's end when it was opened
   * @param nowNs monotonic time of the opening
   */
  ProducerStates(List<ProducerSnapshot> opened, long nowNs) {
    for (ProducerSnapshot snapshot : opened) {
      Producer producer =
          new Producer(
              snapshot.producerEpoch(),
              nowNs - TimeUnit.MILLISECONDS.toNanos(snapshot.idleAgeMs()));
      producer.batches.addAll(snapshot.batches());
      producers.put(snapshot.producerId(), producer);
    }
  }

  Verdict check(ByteBuffer batch, Origin origin) {
    long id = BatchHeader.producerId(batch, 0);
    Producer producer = id < 0 ? null : producers.get(id);
    if (producer == null || origin != Origin.CLIENT) {
      // a producer that is not known may begin anywhere: its state may have expired
      return ACCEPT;
    }
    short epoch = BatchHeader.producerEpoch(batch, 0);
    int first = BatchHeader.baseSequence(batch, 0);
    if (epoch == producer.epoch) {
      BatchSequence earlier =
          find(producer, first, sequenceAfter(first, BatchHeader.lastOffsetDelta(batch, 0)));
      if (earlier != null) {
        return new Verdict.Duplicate(earlier);
      }
      return follows(producer.lastSequence(), first) ? ACCEPT : outOfOrder(id, producer, first);
    }
    if (epoch < producer.epoch) {
      return new Verdict.Refused(
          new InvalidProducerEpochException(
              "Producer %d writes with epoch %d; epoch %d has been seen."
                  .formatted(id, epoch, producer.epoch)));
    }
    return first == 0
        ? ACCEPT
        : new Verdict.Refused(
            new OutOfOrderSequenceException(
                "Producer %d begins epoch %d with sequence %d; a new epoch begins with 0."
                    .formatted(id, epoch, first)));
  }

  /** Takes note of a batch that was handed to the WAL, its offsets assigned. */
  void accept(ByteBuffer batch, long nowNs) {
    long id = BatchHeader.producerId(batch, 0);
    if (id < 0) {
      return;
    }
    short epoch = BatchHeader.producerEpoch(batch, 0);
    Producer producer = producers.computeIfAbsent(id, _ -> new Producer(epoch, nowNs));
    if (producer.epoch != epoch) {
      producer.epoch = epoch;
      producer.batches.clear();
    }
    producer.lastWriteNs = nowNs;
    if (producer.batches.size() == BATCHES_MAX) {
      producer.batches.removeFirst();
    }
    int first = BatchHeader.baseSequence(batch, 0);
    int delta = BatchHeader.lastOffsetDelta(batch, 0);
    producer.batches.addLast(
        new BatchSequence(
            first,
            sequenceAfter(first, delta),
            BatchHeader.lastOffset(batch, 0),
            delta,
            BatchHeader.maxTimestamp(batch, 0)));
  }

  /**
   * Takes note of a batch for which there was no room: if its producer begins with it, what it sent
   * after it must not come first.
   */
  void notTaken(ByteBuffer batch, long nowNs) {
    long id = BatchHeader.producerId(batch, 0);
    if (id >= 0 && BatchHeader.baseSequence(batch, 0) == 0) {
      producers.computeIfAbsent(id, _ -> new Producer(BatchHeader.producerEpoch(batch, 0), nowNs));
    }
  }

  /** Forgets producers that have not written for {@code idleMaxMs}. */
  void expire(long nowNs, long idleMaxMs) {
    long idleMaxNs = TimeUnit.MILLISECONDS.toNanos(idleMaxMs);
    producers.values().removeIf(producer -> nowNs - producer.lastWriteNs >= idleMaxNs);
  }

  int size() {
    return producers.size();
  }

  /** The sequence number {@code increment} after {@code sequence}; 0 follows Integer.MAX_VALUE. */
  static int sequenceAfter(int sequence, int increment) {
    return (int) (((long) sequence + increment) & Integer.MAX_VALUE);
  }

  private static @Nullable BatchSequence find(Producer producer, int first, int last) {
    for (BatchSequence batch : producer.batches) {
      if (batch.firstSequence() == first && batch.lastSequence() == last) {
        return batch;
      }
    }
    return null;
  }

  private static boolean follows(int last, int next) {
    return next == last + 1L || (next == 0 && last == Integer.MAX_VALUE);
  }

  private static Verdict outOfOrder(long id, Producer producer, int first) {
    return new Verdict.Refused(
        new OutOfOrderSequenceException(
            "Producer %d writes sequence %d; its last was %d."
                .formatted(id, first, producer.lastSequence())));
  }
}
