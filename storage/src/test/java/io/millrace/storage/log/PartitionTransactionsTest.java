package io.millrace.storage.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.protocol.batch.BatchHeader;
import io.millrace.storage.PartitionId;
import io.millrace.storage.log.PartitionLog.ActiveProducer;
import io.millrace.storage.log.PartitionLog.Appended;
import io.millrace.storage.log.PartitionLog.Isolation;
import io.millrace.storage.log.PartitionLog.LogSlice;
import io.millrace.storage.log.PartitionLog.Origin;
import io.millrace.storage.metadata.MetadataRecord.LogStartMoved;
import io.millrace.storage.object.Footer.AbortedTransaction;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.InvalidTxnStateException;
import org.apache.kafka.common.errors.KafkaStorageException;
import org.apache.kafka.common.errors.TransactionCoordinatorFencedException;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.Record;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Transactions in a partition on a whole storage engine. */
final class PartitionTransactionsTest {
  private final SimulatedBroker broker = new SimulatedBroker(5);
  private PartitionId id;
  private PartitionLog log;

  @BeforeEach
  void openAPartition() {
    broker.start();
    id = broker.createTopic("t", 1);
    log = broker.open(id);
  }

  @Test
  void anOpenTransactionHoldsTheLastStableOffsetBack() {
    plain();
    send(7, 0, 0);
    plain();

    assertThat(log.highWatermark()).isEqualTo(3);
    assertThat(log.lastStableOffset()).isEqualTo(1);
    assertThat(offsets(Isolation.READ_COMMITTED)).containsExactly(0L);
    assertThat(offsets(Isolation.READ_UNCOMMITTED)).containsExactly(0L, 1L, 2L);
  }

  @Test
  void theLastStableOffsetMovesWhenTheMarkerIsDurable() {
    send(7, 0, 0);
    AtomicInteger told = new AtomicInteger();
    CompletableFuture<Appended> marker = log.appendMarker(commit(7, 1));
    log.onChange(told::incrementAndGet);
    assertThat(marker).isNotDone();
    assertThat(log.lastStableOffset()).isZero();

    assertThat(broker.await(marker)).isEqualTo(new Appended(1, 1, -1, 0, false));

    assertThat(log.lastStableOffset()).isEqualTo(2);
    assertThat(told).hasValue(1);
  }

  @Test
  void theOldestOpenTransactionCounts() {
    send(7, 0, 0);
    send(8, 0, 0);
    end(commit(7, 1));
    assertThat(log.lastStableOffset()).isEqualTo(1);

    send(7, 1, 0);
    end(abort(8, 1));
    assertThat(log.lastStableOffset()).isEqualTo(3);
  }

  @Test
  void aMarkerIsWhatKafkaWrites() {
    send(7, 3, 0);
    end(abort(7, 4));

    LogSlice slice = broker.await(log.read(1, 1000, true, Isolation.READ_UNCOMMITTED));
    ByteBuffer batch = slice.buffers().getFirst();
    assertThat(BatchHeader.control(batch, 0)).isTrue();
    assertThat(BatchHeader.transactional(batch, 0)).isTrue();
    assertThat(BatchHeader.producerId(batch, 0)).isEqualTo(7);
    assertThat(BatchHeader.producerEpoch(batch, 0)).isEqualTo((short) 4);
    assertThat(BatchHeader.crc(batch, 0))
        .isEqualTo(BatchHeader.computeCrc(batch, 0, batch.limit()));
    Record record = MemoryRecords.readableRecords(batch).records().iterator().next();
    assertThat(EndTransactionMarker.deserialize(record))
        .isEqualTo(new EndTransactionMarker(ControlRecordType.ABORT, 9));
    slice.release();
  }

  @Test
  void aSliceOfTheTailNamesTheAbortedTransactionsOfItsOffsets() {
    send(7, 0, 0); // 0
    send(8, 0, 0); // 1
    end(abort(7, 1)); // 2
    send(9, 0, 0); // 3
    end(commit(8, 1)); // 4
    end(abort(9, 1)); // 5
    plain(); // 6
    AbortedTransaction first = new AbortedTransaction(7, 0, 2);
    AbortedTransaction second = new AbortedTransaction(9, 3, 5);

    assertThat(aborted(0, 10_000)).containsExactly(first, second);
    assertThat(aborted(0, 1)).containsExactly(first);
    assertThat(aborted(1, 1)).containsExactly(first);
    assertThat(aborted(3, 1)).containsExactly(second);
    assertThat(aborted(6, 1)).isEmpty();
    LogSlice uncommitted = broker.await(log.read(0, 10_000, true, Isolation.READ_UNCOMMITTED));
    assertThat(uncommitted.abortedTransactions()).isEmpty();
    uncommitted.release();
  }

  @Test
  void theSameOnceItLiesInObjectsOfWhichTheCacheKnowsNothing() {
    send(7, 0, 0);
    broker.await(broker.engine().publish());
    send(7, 0, 1);
    plain();
    broker.await(broker.engine().publish());
    end(abort(7, 1));
    plain();
    restart();

    assertThat(aborted(0, 1)).containsExactly(new AbortedTransaction(7, 0, 3));
    assertThat(aborted(1, 1))
        .singleElement()
        .satisfies(found -> assertThat(found.firstOffset()).isLessThanOrEqualTo(1))
        .satisfies(found -> assertThat(found.lastOffset()).isEqualTo(3));
    assertThat(aborted(4, 1)).isEmpty();
  }

  @Test
  void aMarkerInTheTailAbortsWhatObjectsHold() {
    send(7, 0, 0);
    plain();
    broker.await(broker.engine().publish());
    restart();
    end(abort(7, 1));

    assertThat(aborted(0, 1)).containsExactly(new AbortedTransaction(7, 0, 2));
  }

  @Test
  void theNextLeaderKnowsWhatIsOpen() {
    plain();
    send(7, 0, 0);
    restart();

    assertThat(log.lastStableOffset()).isEqualTo(1);
    assertThat(log.hasOpenTransaction(7, (short) 0)).isTrue();
    send(7, 0, 1);
    end(commit(7, 1));
    assertThat(log.lastStableOffset()).isEqualTo(4);
  }

  @Test
  void theNextLeaderKnowsTheCoordinatorsEpoch() {
    send(7, 0, 0);
    end(commit(7, 1));
    restart();

    assertThatThrownBy(
            () -> broker.await(log.appendMarker(new TransactionMarker(7, (short) 2, 8, true, 2))))
        .hasCauseInstanceOf(TransactionCoordinatorFencedException.class);
    assertThat(log.activeProducers())
        .extracting(ActiveProducer::coordinatorEpoch)
        .containsExactly(9);
  }

  @Test
  void aGuardOfTheFormerLeaderAdmitsNothing() {
    VerificationGuard guard = log.beginVerification(7, (short) 0, 0, true);
    restart();

    assertThatThrownBy(() ->
            broker.await(log.append(Batches.transactional(7, 0, 0, 1), -1, Origin.CLIENT, guard)))
        .hasCauseInstanceOf(InvalidTxnStateException.class);
  }

  @Test
  void aRefusedMarkerTakesNoOffset() {
    send(7, 3, 0);

    assertThatThrownBy(() -> end(abort(7, 3)))
        .hasCauseInstanceOf(InvalidProducerEpochException.class);

    assertThat(log.highWatermark()).isOne();
    assertThat(log.lastStableOffset()).isZero();
  }

  @Test
  void aCoordinatorIsRefusedAtOnce() {
    CompletableFuture<Appended> refused =
        log.append(
            Batches.transactional(7, 0, 0, 1), -1, Origin.COORDINATOR, VerificationGuard.NONE);

    assertThat(refused).isCompletedExceptionally();
    assertThat(log.transactionalRefusal(7, (short) 0, VerificationGuard.NONE))
        .containsInstanceOf(InvalidTxnStateException.class);
  }

  @Test
  void aMovedLogStartTakesTheLastStableOffsetAlong() {
    send(7, 0, 0);
    plain();
    broker.await(broker.engine().metadata().submit(new LogStartMoved(id, log.leaderEpoch(), 1)));

    assertThat(log.lastStableOffset()).isEqualTo(1);
    end(commit(7, 1));
    assertThat(log.lastStableOffset()).isEqualTo(3);
  }

  @Test
  void markersAreWrittenWhileTheFullDiskRefusesProducers() {
    send(7, 0, 0);
    broker.machine().disk().capacityBytes(broker.machine().disk().usedBytes());
    fill(500);
    fill(1);

    end(commit(7, 1));

    assertThat(log.lastStableOffset()).isEqualTo(log.highWatermark());
  }

  /** Until no batch of so many records is taken. */
  private void fill(int records) {
    assertThatThrownBy(
            () -> {
              for (int i = 0; i < 10_000; i++) {
                broker.await(log.append(Batches.at(new long[records]), -1, Origin.CLIENT));
              }
            })
        .hasCauseInstanceOf(KafkaStorageException.class);
  }

  private void plain() {
    broker.await(log.append(Batches.at(1), -1, Origin.CLIENT));
  }

  private void send(long producerId, int epoch, int sequence) {
    VerificationGuard guard = log.beginVerification(producerId, (short) epoch, sequence, true);
    broker.await(
        log.append(
            Batches.transactional(producerId, epoch, sequence, 1), -1, Origin.CLIENT, guard));
  }

  private void end(TransactionMarker marker) {
    broker.await(log.appendMarker(marker));
  }

  private static TransactionMarker commit(long producerId, int epoch) {
    return new TransactionMarker(producerId, (short) epoch, 9, true, 2);
  }

  private static TransactionMarker abort(long producerId, int epoch) {
    return new TransactionMarker(producerId, (short) epoch, 9, false, 2);
  }

  private void restart() {
    broker.losePower();
    broker.start();
    log = broker.open(id);
    broker.scheduler().runFor(TimeUnit.SECONDS.toNanos(1));
  }

  private List<AbortedTransaction> aborted(long from, int bytesMax) {
    LogSlice slice = broker.await(log.read(from, bytesMax, true, Isolation.READ_COMMITTED));
    slice.release();
    return slice.abortedTransactions();
  }

  private List<Long> offsets(Isolation isolation) {
    LogSlice slice = broker.await(log.read(0, 10_000, true, isolation));
    List<Long> found =
        slice.buffers().stream()
            .flatMap(buffer -> {
              List<Long> bases = new java.util.ArrayList<>();
              for (int at = 0; at < buffer.limit(); at += BatchHeader.sizeBytes(buffer, at)) {
                bases.add(BatchHeader.baseOffset(buffer, at));
              }
              return bases.stream();
            })
            .toList();
    slice.release();
    return found;
  }
}
