package io.millrace.coordinator;

import io.millrace.storage.log.VerificationGuard;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.kafka.common.errors.ApiException;
import org.jspecify.annotations.Nullable;

/**
 * What one event of a state machine wants done: records to write, replies and work outside that
 * wait until those records (and everything the event has read) are durable and leadership is proven
 * (invariant I12), timers to set or cancel. Filled on the shard's loop, then carried out by {@link
 * ShardRunner}.
 */
public final class Outbox {
  private final List<CoordinatorRecord> records = new ArrayList<>();
  private final List<Runnable> replies = new ArrayList<>();
  private final List<Work<?>> works = new ArrayList<>();
  private final List<TimerChange> timers = new ArrayList<>();
  private @Nullable TransactionalWrite transaction;
  private boolean apart;
  private long proofAgeMsMax = Long.MAX_VALUE;

  /** Records of a producer's transaction, and who is told what became of them. */
  record TransactionalWrite(
      long producerId,
      short producerEpoch,
      VerificationGuard guard,
      List<CoordinatorRecord> records,
      Consumer<@Nullable ApiException> then) {}

  /** A timer by name. */
  sealed interface TimerChange {
    String name();

    /**
     * @param expiry see {@link Outbox#expiry}
     */
    record Set(String name, long delayMs, boolean expiry, Consumer<Outbox> action)
        implements TimerChange {}

    record Cancelled(String name) implements TimerChange {}
  }

  /**
   * Work outside the shard.
   *
   * @param sequel the event its result is
   */
  record Work<T>(Supplier<CompletableFuture<T>> begin, BiConsumer<T, Outbox> sequel) {}

  /** Writes a record; those of one event are one batch, which the log has whole or not at all. */
  public void write(CoordinatorRecord record) {
    records.add(record);
  }

  /**
   * What this event writes need not be one batch: each record stands for itself, and a crash may
   * leave the first of them.
   */
  public void recordsStandApart() {
    apart = true;
  }

  /** How many records the event has written so far. */
  public int size() {
    return records.size();
  }

  boolean apart() {
    return apart;
  }

  /**
   * Writes records as one batch of a producer's transaction, at most once per event. The log may
   * refuse the producer: {@code then} runs on the shard's loop, with null once the batch is
   * durable, which is also the time to apply it, or with why it was refused.
   *
   * @param guard of the log, which admits the producer
   */
  public void writeTransaction(
      long producerId,
      short producerEpoch,
      VerificationGuard guard,
      List<CoordinatorRecord> batch,
      Consumer<@Nullable ApiException> then) {
    if (transaction != null) {
      throw new IllegalStateException("one event writes to one transaction");
    }
    transaction =
        new TransactionalWrite(producerId, producerEpoch, guard, List.copyOf(batch), then);
  }

  public <T> void reply(CompletableFuture<T> future, T value) {
    reply(future, value, 0);
  }

  /**
   * A reply for which a proof of leadership serves that was asked for up to so long ago.
   *
   * @param proofAgeMs 0 if only one asked for from now on will do
   */
  public <T> void reply(CompletableFuture<T> future, T value, long proofAgeMs) {
    replies.add(() -> future.complete(value));
    proofAgeMsMax = Math.min(proofAgeMsMax, proofAgeMs);
  }

  /**
   * Work outside the shard that begins when the event's records are durable; its result is an event
   * of the shard, if that has not ended until then.
   *
   * @param begin must not fail, nor may what it gives: a result says what went wrong
   */
  public <T> void afterwards(Supplier<CompletableFuture<T>> begin, BiConsumer<T, Outbox> sequel) {
    works.add(new Work<>(begin, sequel));
    proofAgeMsMax = 0;
  }

  /** Sets the timer, replacing one of the same name. */
  public void timer(String name, long delayMs, Consumer<Outbox> action) {
    timers.add(new TimerChange.Set(name, delayMs, false, action));
  }

  /**
   * Like {@link #timer}, for an action that counts somebody as gone: it waits for a proof of
   * leadership, and a stall of the log that is long against the delay puts it off by its length,
   * since answers that were held back must not look like silence.
   */
  public void expiry(String name, long delayMs, Consumer<Outbox> action) {
    timers.add(new TimerChange.Set(name, delayMs, true, action));
  }

  public void cancelTimer(String name) {
    timers.add(new TimerChange.Cancelled(name));
  }

  List<CoordinatorRecord> records() {
    return records;
  }

  @Nullable TransactionalWrite transaction() {
    return transaction;
  }

  List<Runnable> replies() {
    return replies;
  }

  List<Work<?>> works() {
    return works;
  }

  /** How old a proof may be that all of the replies can do with. */
  long proofAgeMsMax() {
    return proofAgeMsMax;
  }

  List<TimerChange> timers() {
    return timers;
  }
}
