package io.millrace.coordinator;

import io.millrace.runtime.Clock;
import io.millrace.runtime.EventLoop;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** The timers of one shard by name; an event each when they fire. On the shard's loop. */
final class ShardTimers {
  /** Shorter stalls are long against no session. */
  private static final long STALL_NS_MIN = TimeUnit.SECONDS.toNanos(1);

  /** A stall counts for a timer if it is longer than this part of its delay. */
  private static final int STALL_PART_OF_DELAY = 3;

  private static final long RETRY_NS = TimeUnit.MILLISECONDS.toNanos(100);

  private final EventLoop loop;
  private final Clock clock;
  private final Consumer<Timer> onTimer;
  private final Map<String, Timer> timers = new LinkedHashMap<>();

  /** A timer that has not been taken. */
  static final class Timer {
    private final Outbox.TimerChange.Set set;
    private final long delayNs;
    private long beganAtNs;
    private long stalledNs;
    private EventLoop.Cancellable scheduled = () -> {};

    private Timer(Outbox.TimerChange.Set set, long nowNs) {
      this.set = set;
      this.delayNs = TimeUnit.MILLISECONDS.toNanos(set.delayMs());
      this.beganAtNs = nowNs;
    }

    boolean expiry() {
      return set.expiry();
    }
  }

  /**
   * @param onTimer told when a timer's time is up
   */
  ShardTimers(EventLoop loop, Clock clock, Consumer<Timer> onTimer) {
    this.loop = loop;
    this.clock = clock;
    this.onTimer = onTimer;
  }

  void change(Outbox.TimerChange change) {
    Timer former = timers.remove(change.name());
    if (former != null) {
      former.scheduled.cancel();
    }
    switch (change) {
      case Outbox.TimerChange.Cancelled _ -> {}
      case Outbox.TimerChange.Set set -> {
        Timer timer = new Timer(set, clock.monotonicNs());
        timers.put(set.name(), timer);
        schedule(timer, timer.delayNs);
      }
    }
  }

  private void schedule(Timer timer, long delayNs) {
    timer.scheduled =
        loop.schedule(
            delayNs,
            () -> {
              // one replaced after it had been queued must not fire
              if (present(timer)) {
                onTimer.accept(timer);
              }
            });
  }

  private boolean present(Timer timer) {
    return timers.get(timer.set.name()) == timer;
  }

  /** The log has not answered for so long. */
  void onStall(long stalledNs) {
    if (stalledNs < STALL_NS_MIN) {
      return;
    }
    long nowNs = clock.monotonicNs();
    for (Timer timer : timers.values()) {
      long ofTimer = Math.min(stalledNs, nowNs - timer.beganAtNs);
      if (ofTimer > timer.delayNs / STALL_PART_OF_DELAY) {
        timer.stalledNs += ofTimer;
      }
    }
  }

  /** No event that may write has run for so long: nobody could be heard. */
  void onShut(long shutNs) {
    long nowNs = clock.monotonicNs();
    timers.values().forEach(timer -> timer.stalledNs += Math.min(shutNs, nowNs - timer.beganAtNs));
  }

  /** A timer whose time is up and whose event cannot run now. */
  void retry(Timer timer) {
    if (present(timer)) {
      schedule(timer, RETRY_NS);
    }
  }

  /** What to do; empty if the timer was replaced or cancelled. */
  Optional<Consumer<Outbox>> take(Timer timer) {
    if (!present(timer)) {
      return Optional.empty();
    }
    timers.remove(timer.set.name());
    return Optional.of(timer.set.action());
  }

  /** Like {@link #take}; empty also if the timer is put off by what the log has stalled. */
  Optional<Consumer<Outbox>> expire(Timer timer) {
    if (!present(timer) || timer.stalledNs == 0) {
      return take(timer);
    }
    long extensionNs = timer.stalledNs;
    timer.stalledNs = 0;
    timer.beganAtNs = clock.monotonicNs();
    schedule(timer, extensionNs);
    return Optional.empty();
  }

  void clear() {
    timers.values().forEach(timer -> timer.scheduled.cancel());
    timers.clear();
  }
}
