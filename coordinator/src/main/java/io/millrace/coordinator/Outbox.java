package io.millrace.coordinator;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What one event of a state machine wants done: records to write, replies that leave when those
 * records (and everything the event has read) are durable, timers to set or cancel. Filled on the
 * shard's loop, then carried out by {@link ShardRunner}.
 */
public final class Outbox {
  private final List<CoordinatorRecord> records = new ArrayList<>();
  private final List<Runnable> replies = new ArrayList<>();
  private final List<TimerChange> timers = new ArrayList<>();

  /** A timer by name; a null action cancels. */
  record TimerChange(String name, long delayMs, @Nullable Consumer<Outbox> action) {}

  public void write(CoordinatorRecord record) {
    records.add(record);
  }

  public <T> void reply(CompletableFuture<T> future, T value) {
    replies.add(() -> future.complete(value));
  }

  /** Sets the timer, replacing one of the same name. */
  public void timer(String name, long delayMs, Consumer<Outbox> action) {
    timers.add(new TimerChange(name, delayMs, action));
  }

  public void cancelTimer(String name) {
    timers.add(new TimerChange(name, 0, null));
  }

  List<CoordinatorRecord> records() {
    return records;
  }

  List<Runnable> replies() {
    return replies;
  }

  List<TimerChange> timers() {
    return timers;
  }
}
