package io.millrace.storage.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.storage.log.PartitionLog.Appended;
import io.millrace.storage.log.PartitionLog.Isolation;
import io.millrace.storage.log.PartitionLog.LogSlice;
import io.millrace.storage.log.PartitionLog.Origin;
import io.millrace.storage.log.TransactionModel.Transaction;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
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
    private int coordinatorEpoch;
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
      case 2 -> read(random.nextLong(log.get().logStart(), model.end() + 1));
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

  long lastStable() {
    return lastStable;
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
  }

  private long read(long from) {
    int bytesMax = 1 + random.nextInt(2000);
    LogSlice slice = waiting.await(log.get().read(from, bytesMax, true, Isolation.READ_COMMITTED));
    assertThat(slice.lastStableOffset()).isEqualTo(lastStable);
    assertThat(slice.highWatermark()).isEqualTo(model.end());
    long end = model.check(slice, from);
    assertThat(end).isLessThanOrEqualTo(Math.max(from, lastStable));
    slice.release();
    return end;
  }
}
