package io.millrace.storage.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.storage.log.PartitionLog.Appended;
import io.millrace.storage.log.PartitionLog.Isolation;
import io.millrace.storage.log.PartitionLog.LogSlice;
import io.millrace.storage.log.PartitionLog.Origin;
import io.millrace.storage.log.TransactionModel.Transaction;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.InvalidTxnStateException;
import org.apache.kafka.common.errors.TransactionCoordinatorFencedException;
import org.jspecify.annotations.Nullable;

/** Random producers of one partition, checked against a {@link TransactionModel} as they go. */
final class TransactionHistory {
  private static final int PRODUCERS = 4;
  private static final long FIRST_PRODUCER = 100;

  private final SplittableRandom random;
  private final Supplier<PartitionLog> log;
  private final Waiting waiting;
  private final TransactionModel model = new TransactionModel();
  private final Sender[] senders = new Sender[PRODUCERS];
  private long lastStable;

  /** Lets virtual time pass. */
  interface Waiting {
    <T> T await(CompletableFuture<T> future);
  }

  /** A transactional producer, of transaction version 1 or 2. */
  private static final class Sender {
    private final int version;
    private int epoch;
    private int sequence;
    private int coordinatorEpoch = 1;
    private boolean ended;
    private @Nullable Transaction open;

    Sender(int version) {
      this.version = version;
    }
  }

  TransactionHistory(SplittableRandom random, Supplier<PartitionLog> log, Waiting waiting) {
    this.random = random;
    this.log = log;
    this.waiting = waiting;
    for (int i = 0; i < PRODUCERS; i++) {
      senders[i] = new Sender(1 + i % 2);
    }
  }

  /** One thing that happens to the partition. */
  void step() {
    int producer = random.nextInt(PRODUCERS);
    Sender sender = senders[producer];
    switch (random.nextInt(8)) {
      case 0 -> plain();
      case 1 -> end(producer, sender);
      case 2 -> refused(producer, sender);
      case 3 -> read(random.nextLong(log.get().logStart(), model.end() + 1));
      default -> send(producer, sender);
    }
    PartitionLog now = log.get();
    assertThat(now.highWatermark()).isEqualTo(model.end());
    assertThat(now.lastStableOffset())
        .isEqualTo(model.lastStableOffset(now.logStart()))
        .isGreaterThanOrEqualTo(lastStable);
    lastStable = now.lastStableOffset();
  }

  /** All that is committed, in pieces of random size. */
  void readAll() {
    long from = log.get().logStart();
    while (from < log.get().lastStableOffset()) {
      long next = read(from);
      assertThat(next).isGreaterThan(from);
      from = next;
    }
  }

  private void plain() {
    int records = 1 + random.nextInt(3);
    Appended appended =
        waiting.await(log.get().append(Batches.at(new long[records]), -1, Origin.CLIENT));
    model.plain(appended.baseOffset(), appended.lastOffset() + 1);
  }

  private void send(int producer, Sender sender) {
    long id = FIRST_PRODUCER + producer;
    int records = 1 + random.nextInt(3);
    PartitionLog now = log.get();
    assertThat(now.hasOpenTransaction(id, (short) sender.epoch)).isEqualTo(sender.open != null);
    VerificationGuard guard =
        now.beginVerification(id, (short) sender.epoch, sender.sequence, sender.version == 2);
    ByteBuffer batch = Batches.transactional(id, sender.epoch, sender.sequence, records);
    Appended appended = waiting.await(now.append(batch, -1, Origin.CLIENT, guard));
    assertThat(appended.duplicate()).isFalse();
    sender.sequence += records;
    if (sender.open == null) {
      sender.open = model.begin(id, appended.baseOffset());
    }
    model.data(sender.open, appended.baseOffset(), appended.lastOffset() + 1);
  }

  private void end(int producer, Sender sender) {
    boolean committed = random.nextBoolean();
    if (sender.version == 2) {
      sender.epoch++;
      sender.sequence = 0;
    }
    sender.coordinatorEpoch += random.nextInt(2);
    TransactionMarker marker =
        new TransactionMarker(
            FIRST_PRODUCER + producer,
            (short) sender.epoch,
            sender.coordinatorEpoch,
            committed,
            sender.version);
    Appended appended = waiting.await(log.get().appendMarker(marker));
    model.marker(sender.open, !committed, appended.baseOffset());
    sender.open = null;
    sender.ended = true;
  }

  /** Something that must not be taken; some of it only if the log remembers what came before. */
  private void refused(int producer, Sender sender) {
    long id = FIRST_PRODUCER + producer;
    PartitionLog now = log.get();
    short epoch = (short) sender.epoch;
    if (sender.open == null) {
      ByteBuffer batch = Batches.transactional(id, epoch, sender.sequence, 1);
      assertRefused(now.append(batch, -1, Origin.CLIENT), InvalidTxnStateException.class);
    } else if (sender.version == 2) {
      assertRefused(
          now.appendMarker(new TransactionMarker(id, epoch, sender.coordinatorEpoch, true, 2)),
          InvalidProducerEpochException.class);
    }
    if (sender.ended) {
      short next = (short) (sender.epoch + 1);
      assertRefused(
          now.appendMarker(new TransactionMarker(id, next, sender.coordinatorEpoch - 1, true, 2)),
          TransactionCoordinatorFencedException.class);
    }
    if (sender.ended && sender.version == 2) {
      short before = (short) (sender.epoch - 1);
      VerificationGuard guard = now.beginVerification(id, before, 0, true);
      ByteBuffer late = Batches.transactional(id, before, 0, 1);
      assertRefused(
          now.append(late, -1, Origin.CLIENT, guard), InvalidProducerEpochException.class);
    }
  }

  private void assertRefused(
      CompletableFuture<Appended> append, Class<? extends Throwable> reason) {
    assertThatThrownBy(() -> waiting.await(append)).hasCauseInstanceOf(reason);
  }

  private long read(long from) {
    int bytesMax = 1 + random.nextInt(2000);
    LogSlice slice = waiting.await(log.get().read(from, bytesMax, true, Isolation.READ_COMMITTED));
    long stable = model.lastStableOffset(log.get().logStart());
    assertThat(slice.lastStableOffset()).isEqualTo(stable);
    assertThat(slice.highWatermark()).isEqualTo(model.end());
    long end = model.check(slice, from);
    assertThat(end).isLessThanOrEqualTo(Math.max(from, stable));
    slice.release();
    return end;
  }
}
