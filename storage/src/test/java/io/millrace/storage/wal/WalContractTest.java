package io.millrace.storage.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.storage.PartitionId;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;

/** What every {@link Wal} keeps to. */
abstract class WalContractTest {
  /** A simulated machine with a WAL on it. */
  interface Bench {
    Wal open();

    /** Steps until the condition holds. */
    boolean runUntil(BooleanSupplier condition);

    /** Steps until nothing more happens. */
    void settle();

    void failNextWrite();

    /** The power goes; what recovery then finds of the partition, in offset order. */
    List<byte[]> recoveredAfterPowerLoss(PartitionId partition) throws IOException;
  }

  private final Bench bench = bench();
  private final Wal wal = bench.open();
  private final List<TestBatch> fates = new ArrayList<>();

  abstract Bench bench();

  private TestBatch append(int partition, long offset) {
    TestBatch[] self = new TestBatch[1];
    TestBatch batch =
        new TestBatch(
            TestBatch.partition(partition),
            TestBatch.bytes(offset, 1, 300, offset * 10 + partition),
            false,
            () -> fates.add(self[0]));
    self[0] = batch;
    wal.append(batch);
    return batch;
  }

  private void await(CompletableFuture<?> future) {
    assertThat(bench.runUntil(future::isDone)).isTrue();
    future.join();
  }

  @Test
  void everyBatchIsAcknowledgedAndEachPartitionInOrder() {
    // when
    for (int i = 0; i < 40; i++) {
      append(i % 2, i / 2);
    }
    bench.settle();

    // then
    assertThat(fates)
        .hasSize(40)
        .allMatch(batch -> batch.durable)
        .allMatch(batch -> batch.ended == null);
    for (int partition = 0; partition < 2; partition++) {
      PartitionId id = TestBatch.partition(partition);
      assertThat(
              fates.stream()
                  .filter(batch -> batch.partition().equals(id))
                  .map(batch -> batch.baseOffset))
          .isSorted();
    }
    assertThat(fates).allSatisfy(batch -> assertThat(batch.inChunk).isEqualTo(batch.array()));
  }

  @Test
  void whatIsAcknowledgedSurvivesAPowerLossAtThatMoment() throws IOException {
    // given
    List<byte[]> expected = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      expected.add(append(0, i).array());
    }
    TestBatch last = append(0, 5);
    expected.add(last.array());
    assertThat(bench.runUntil(() -> last.durable)).isTrue();

    // when
    List<byte[]> found = bench.recoveredAfterPowerLoss(TestBatch.partition(0));

    // then
    assertThat(found).usingElementComparator(java.util.Arrays::compare).isEqualTo(expected);
  }

  @Test
  void afterAFailedWriteNothingIsAcknowledgedOrTaken() {
    // given
    append(0, 0);
    bench.settle();
    bench.failNextWrite();

    // when
    for (int i = 1; i < 10; i++) {
      append(0, i);
    }
    assertThat(bench.runUntil(() -> wal.failure().isDone())).isTrue();
    bench.settle();

    // then
    assertThat(fates).hasSize(10);
    assertThat(fates.getFirst().durable).isTrue();
    assertThat(fates.subList(1, 10)).allMatch(batch -> !batch.durable && batch.ended != null);
    assertThatThrownBy(() -> append(0, 10)).isInstanceOf(WalEndedException.class);
    long durable = wal.durableSequence();
    bench.settle();
    assertThat(wal.durableSequence()).isEqualTo(durable);
  }

  @Test
  void theDurableSequenceNeverGoesBack() {
    long before = wal.durableSequence();
    assertThat(before).isEqualTo(-1);
    for (int i = 0; i < 10; i++) {
      TestBatch batch = append(0, i);
      assertThat(bench.runUntil(() -> batch.durable)).isTrue();
      assertThat(wal.durableSequence()).isGreaterThan(before);
      before = wal.durableSequence();
    }
  }

  @Test
  void rollingChangesNothingForWhatFollows() {
    // given
    append(0, 0);
    bench.settle();

    // when
    await(wal.roll());
    TestBatch after = append(0, 1);
    bench.settle();

    // then
    assertThat(after.durable).isTrue();
  }

  @Test
  void stoppingFirstWritesWhatItHasTaken() {
    // given
    TestBatch batch = append(0, 0);

    // when
    await(wal.stop());

    // then
    assertThat(batch.durable).isTrue();
    assertThatThrownBy(() -> append(0, 1)).isInstanceOf(WalEndedException.class);
    assertThat(wal.failure().isDone()).isFalse();
  }

  @Test
  void closingTellsEveryBatchItsFate() {
    // given
    for (int i = 0; i < 10; i++) {
      append(0, i);
    }

    // when
    wal.close();
    bench.settle();

    // then
    assertThat(fates).hasSize(10);
    assertThatThrownBy(() -> append(0, 11)).isInstanceOf(WalEndedException.class);
    assertThat(wal.failure().isDone()).isFalse();
  }
}
