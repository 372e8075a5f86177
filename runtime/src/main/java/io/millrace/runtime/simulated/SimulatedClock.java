package io.millrace.runtime.simulated;

import io.millrace.runtime.Clock;
import java.util.concurrent.TimeUnit;

/**
 * A machine's clocks over virtual time. The wall clock may be made to jump; the monotonic one never
 * does.
 */
public final class SimulatedClock implements Clock {
  private static final long WALL_START_MS = 1_800_000_000_000L;

  private final SimulatedScheduler scheduler;
  private long monotonicOffsetNs;
  private long wallOffsetMs;

  public SimulatedClock(SimulatedScheduler scheduler) {
    this.scheduler = scheduler;
  }

  @Override
  public long monotonicNs() {
    return scheduler.nowNs() + monotonicOffsetNs;
  }

  @Override
  public long wallMs() {
    return WALL_START_MS + TimeUnit.NANOSECONDS.toMillis(scheduler.nowNs()) + wallOffsetMs;
  }

  /** Monotonic time began so much earlier than on others; said before anything runs. */
  public void monotonicOffset(long offsetNs) {
    monotonicOffsetNs = offsetNs;
  }

  /** Moves the wall clock by {@code deltaMs}, either way. */
  public void jump(long deltaMs) {
    wallOffsetMs += deltaMs;
  }
}
