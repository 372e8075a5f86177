package io.millrace.storage.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.protocol.batch.BatchHeader;
import io.millrace.storage.PartitionId;
import io.millrace.storage.log.PartitionLog.Appended;
import io.millrace.storage.log.PartitionLog.EpochEnd;
import io.millrace.storage.log.PartitionLog.Isolation;
import io.millrace.storage.log.PartitionLog.LogSlice;
import io.millrace.storage.log.PartitionLog.OffsetAtTime;
import io.millrace.storage.log.PartitionLog.Origin;
import io.millrace.storage.metadata.MetadataRecord.LogStartMoved;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.errors.KafkaStorageException;
import org.apache.kafka.common.errors.OffsetOutOfRangeException;
import org.apache.kafka.common.errors.OutOfOrderSequenceException;
import org.apache.kafka.common.errors.UnknownTopicIdException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A partition on a whole storage engine: real WAL files on a simulated disk. */
final class StoredPartitionLogTest {
  private static final int CACHE_SMALL = 128 << 10;
  private static final int WAL_FILE_LARGE = 4 << 20;

  private final SimulatedBroker broker = new SimulatedBroker(3);
  private PartitionId id;
  private PartitionLog log;

  @BeforeEach
  void openAPartition() {
    broker.sizes(WAL_FILE_LARGE, CACHE_SMALL);
    broker.start();
    id = broker.createTopic("t", 1);
    log = broker.open(id);
  }

  @AfterEach
  void nothingIsLent() {
    assertThat(broker.scheduler().failures()).isEmpty();
  }

  @Test
  void nothingIsSeenBeforeItIsDurable() {
    CompletableFuture<Appended> append = log.append(Batches.at(1), -1, Origin.CLIENT);

    assertThat(append).isNotDone();
    assertThat(log.highWatermark()).isZero();
    assertThat(read(0, 1000).buffers()).isEmpty();
    broker.await(append);
    assertThat(log.highWatermark()).isOne();
  }

  @Test
  void offsetsAreDense() {
    List<CompletableFuture<Appended>> appends = new ArrayList<>();
    for (int i = 1; i <= 50; i++) {
      appends.add(log.append(Batches.at(new long[i]), -1, Origin.CLIENT));
    }

    long next = 0;
    for (int i = 1; i <= 50; i++) {
      assertThat(broker.await(appends.get(i - 1)))
          .isEqualTo(new Appended(next, next + i - 1, -1, 0, false));
      next += i;
    }
    assertThat(log.highWatermark()).isEqualTo(next);
  }

  @Test
  void aDuplicateIsAnsweredWhenTheFirstCopyIsDurable() {
    CompletableFuture<Appended> first = log.append(Batches.of(9, 0, 0, 3), -1, Origin.CLIENT);
    CompletableFuture<Appended> again = log.append(Batches.of(9, 0, 0, 3), -1, Origin.CLIENT);

    assertThat(again).isNotDone();
    assertThat(broker.await(first)).isEqualTo(new Appended(0, 2, -1, 0, false));
    assertThat(broker.await(again)).isEqualTo(new Appended(0, 2, 1002, 0, true));
    assertThat(broker.await(log.append(Batches.of(9, 0, 0, 3), -1, Origin.CLIENT)).duplicate())
        .isTrue();
    assertThat(log.highWatermark()).isEqualTo(3);
  }

  @Test
  void aRefusedBatchTakesNoOffset() {
    broker.await(log.append(Batches.of(9, 0, 0, 1), -1, Origin.CLIENT));

    assertThatThrownBy(() -> broker.await(log.append(Batches.of(9, 0, 5, 1), -1, Origin.CLIENT)))
        .hasCauseInstanceOf(OutOfOrderSequenceException.class);
    assertThat(broker.await(log.append(Batches.of(9, 0, 1, 1), -1, Origin.CLIENT)).baseOffset())
        .isOne();
  }

  @Test
  void producersAreRememberedByTheNextIncarnation() {
    broker.await(log.append(Batches.of(9, 0, 0, 2), -1, Origin.CLIENT));
    broker.await(log.append(Batches.of(9, 0, 2, 2), -1, Origin.CLIENT));
    broker.losePower();

    broker.start();
    log = broker.open(id);

    assertThat(broker.await(log.append(Batches.of(9, 0, 0, 2), -1, Origin.CLIENT)).duplicate())
        .isTrue();
    assertThatThrownBy(() -> broker.await(log.append(Batches.of(9, 0, 7, 1), -1, Origin.CLIENT)))
        .hasCauseInstanceOf(OutOfOrderSequenceException.class);
    assertThat(broker.await(log.append(Batches.of(9, 0, 4, 1), -1, Origin.CLIENT)).baseOffset())
        .isEqualTo(4);
  }

  @Test
  void theAppendTimeIsWrittenIntoTheBatch() {
    Appended appended = broker.await(log.append(Batches.at(1, 2), 777, Origin.CLIENT));

    assertThat(appended.appendTimeMs()).isEqualTo(777);
    LogSlice slice = read(0, 1000);
    ByteBuffer batch = slice.buffers().getFirst();
    assertThat(BatchHeader.logAppendTime(batch, 0)).isTrue();
    assertThat(BatchHeader.maxTimestamp(batch, 0)).isEqualTo(777);
    assertThat(BatchHeader.crc(batch, 0))
        .isEqualTo(BatchHeader.computeCrc(batch, 0, batch.limit()));
    slice.release();
  }

  @Test
  void aReadBeginsWithTheBatchThatHoldsTheOffset() {
    append(Batches.at(1, 2, 3), Batches.at(4, 5, 6), Batches.at(7, 8, 9));

    assertThat(offsets(4, 10_000)).containsExactly(3L, 6L);
  }

  @Test
  void aReadEndsBeforeTheBatchThatDoesNotFit() {
    append(Batches.at(1, 2, 3), Batches.at(4, 5, 6), Batches.at(7, 8, 9));
    int size = Batches.at(1, 2, 3).limit();

    assertThat(offsets(0, 2 * size)).containsExactly(0L, 3L);
    assertThat(offsets(0, 2 * size - 1)).containsExactly(0L);
    assertThat(offsets(0, 1)).containsExactly(0L);
    LogSlice none = broker.await(log.read(0, 1, false, Isolation.READ_UNCOMMITTED));
    assertThat(none.sizeBytes()).isZero();
    none.release();
  }

  @Test
  void offsetsOutsideTheLogAreOutOfRange() {
    append(Batches.at(1));

    assertThat(offsets(1, 1000)).isEmpty();
    for (long offset : new long[] {-1, 2}) {
      assertThatThrownBy(() -> read(offset, 1000))
          .hasCauseInstanceOf(OffsetOutOfRangeException.class);
    }
  }

  @Test
  void whatTheCacheHasLostIsReadFromTheLogsFile() {
    int batches = fillTwiceTheCache();

    assertThat(broker.engine().metadata().image().objects()).isEmpty();
    assertThat(readAll()).hasSize(batches);
  }

  @Test
  void aReadWithoutRoomTouchesNoFile() {
    fillTwiceTheCache();

    CompletableFuture<LogSlice> read = log.read(0, 0, false, Isolation.READ_UNCOMMITTED);

    assertThat(read).isDone();
    assertThat(read.join().sizeBytes()).isZero();
    assertThat(read.join().highWatermark()).isEqualTo(log.highWatermark());
  }

  @Test
  void whatIsPublishedIsReadFromObjects() {
    int batches = fillTwiceTheCache();
    broker.await(broker.engine().publish());
    append(Batches.at(5));

    assertThat(readAll()).hasSize(batches + 1);
    assertThat(broker.await(log.sizeBytes()))
        .isEqualTo((long) batches * big(0).limit() + Batches.at(5).limit());
  }

  @Test
  void whatLiesBelowTheLogStartCountsForNothingThoughTheTailHasIt() {
    append(Batches.at(1, 2, 3));
    append(Batches.at(4, 5, 6)); // in another entry, so another run of batches

    broker.await(
        broker.engine().metadata().submit(new LogStartMoved(log.id(), log.leaderEpoch(), 3)));

    assertThat(broker.await(log.sizeBytes())).isEqualTo(Batches.at(4, 5, 6).limit());
  }

  @Test
  void recordsAreFoundByTime() {
    append(Batches.at(10, 20, 30), Batches.compressed(Compression.gzip().build(), 40, 50, 60));
    broker.await(broker.engine().publish());
    append(Batches.at(35, 70, 70), Batches.at(65));

    assertThat(at(0)).contains(new OffsetAtTime(0, 10, 0));
    assertThat(at(21)).contains(new OffsetAtTime(2, 30, 0));
    assertThat(at(45)).contains(new OffsetAtTime(4, 50, 0));
    assertThat(at(61)).contains(new OffsetAtTime(7, 70, 0));
    assertThat(at(71)).isEmpty();
    assertThat(broker.await(log.maxTimestamp())).contains(new OffsetAtTime(7, 70, 0));
  }

  @Test
  void anEmptyPartitionHasNoLargestTime() {
    assertThat(broker.await(log.maxTimestamp())).isEmpty();
  }

  @Test
  void epochsGrowWithIncarnations() {
    append(Batches.at(1), Batches.at(2));
    broker.losePower();
    broker.start();
    log = broker.open(id);
    append(Batches.at(3));

    assertThat(log.epochAt(1)).isZero();
    assertThat(log.epochAt(2)).isOne();
    assertThat(log.endOfEpoch(0)).isEqualTo(new EpochEnd(0, 2));
    assertThat(log.endOfEpoch(1)).isEqualTo(new EpochEnd(1, 3));
    assertThat(log.endOfEpoch(2)).isEqualTo(new EpochEnd(-1, -1));
  }

  @Test
  void aListenerRunsOnceAtTheNextChange() {
    AtomicInteger runs = new AtomicInteger();
    AtomicInteger removed = new AtomicInteger();
    log.onChange(runs::incrementAndGet);
    log.onChange(removed::incrementAndGet).run();

    append(Batches.at(1));
    append(Batches.at(2));

    assertThat(runs).hasValue(1);
    assertThat(removed).hasValue(0);
  }

  @Test
  void deletingTheTopicClosesThePartitionAndTellsWhoeverWaits() {
    AtomicInteger told = new AtomicInteger();
    log.onChange(told::incrementAndGet);

    broker.deleteTopic(id);

    assertThat(told).hasValue(1);
    assertThatThrownBy(() -> read(0, 100)).hasCauseInstanceOf(UnknownTopicIdException.class);
    assertThatThrownBy(() -> broker.await(log.append(Batches.at(1), -1, Origin.CLIENT)))
        .hasCauseInstanceOf(UnknownTopicIdException.class);
    assertThat(broker.engine().ifOpen(id)).isNull();
    AtomicInteger late = new AtomicInteger();
    log.onChange(late::incrementAndGet);
    assertThat(late).hasValue(1);
  }

  @Test
  void afterAFailedSyncNothingIsAcknowledgedOrRead() {
    append(Batches.of(9, 0, 0, 1));
    broker.machine().disk().failNextSync(path -> path.toString().contains("/wal/"), _ -> {});

    CompletableFuture<Appended> lost = log.append(Batches.of(9, 0, 1, 1), -1, Origin.CLIENT);
    CompletableFuture<Appended> again = log.append(Batches.of(9, 0, 1, 1), -1, Origin.CLIENT);

    assertThatThrownBy(() -> broker.await(lost)).hasCauseInstanceOf(KafkaStorageException.class);
    assertThatThrownBy(() -> broker.await(again)).hasCauseInstanceOf(KafkaStorageException.class);
    assertThatThrownBy(() -> read(0, 100)).hasCauseInstanceOf(KafkaStorageException.class);
    assertThat(log.highWatermark()).isOne();
    broker.await(broker.engine().failure());
  }

  private void append(ByteBuffer... batches) {
    List<CompletableFuture<Appended>> appends = new ArrayList<>();
    for (ByteBuffer batch : batches) {
      appends.add(log.append(batch, -1, Origin.CLIENT));
    }
    appends.forEach(broker::await);
  }

  private static ByteBuffer big(int seed) {
    long[] timestamps = new long[100];
    java.util.Arrays.fill(timestamps, 100_000 + seed);
    return Batches.at(timestamps);
  }

  private int fillTwiceTheCache() {
    int batches = 2 * CACHE_SMALL / big(0).limit();
    for (int i = 0; i < batches; i++) {
      append(big(i));
    }
    return batches;
  }

  /** Base offsets of all batches, read piece by piece; checks that nothing is missing. */
  private List<Long> readAll() {
    List<Long> found = new ArrayList<>();
    long next = 0;
    while (next < log.highWatermark()) {
      LogSlice slice = read(next, 20_000);
      for (ByteBuffer buffer : slice.buffers()) {
        for (int at = 0; at < buffer.limit(); at += BatchHeader.sizeBytes(buffer, at)) {
          assertThat(BatchHeader.baseOffset(buffer, at)).isEqualTo(next);
          found.add(next);
          next = BatchHeader.lastOffset(buffer, at) + 1;
        }
      }
      assertThat(slice.sizeBytes()).isPositive().isLessThanOrEqualTo(20_000);
      slice.release();
    }
    return found;
  }

  private List<Long> offsets(long from, int bytesMax) {
    LogSlice slice = read(from, bytesMax);
    List<Long> found = new ArrayList<>();
    for (ByteBuffer buffer : slice.buffers()) {
      for (int at = 0; at < buffer.limit(); at += BatchHeader.sizeBytes(buffer, at)) {
        found.add(BatchHeader.baseOffset(buffer, at));
      }
    }
    slice.release();
    return found;
  }

  private LogSlice read(long offset, int bytesMax) {
    return broker.await(log.read(offset, bytesMax, true, Isolation.READ_UNCOMMITTED));
  }

  private Optional<OffsetAtTime> at(long timestampMs) {
    return broker.await(log.firstAtOrAfter(timestampMs));
  }
}
