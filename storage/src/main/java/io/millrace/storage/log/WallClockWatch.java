package io.millrace.storage.log;

import io.millrace.runtime.Clock;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether the wall clock may be believed when records are deleted by their age (invariant I6): not
 * for a while after it jumped against monotonic time, so that somebody can set it right. Used by
 * one loop.
 */
final class WallClockWatch {
  /** More than a clock is slewed by between two looks. */
  static final long JUMP_MS_MIN = TimeUnit.MINUTES.toMillis(1);

  static final long PAUSE_MS = TimeUnit.HOURS.toMillis(1);

  private static final Logger LOG = LoggerFactory.getLogger(WallClockWatch.class);

  private final Clock clock;
  private long aheadMs;
  private long believedFromMs = Long.MIN_VALUE;

  WallClockWatch(Clock clock) {
    this.clock = clock;
    this.aheadMs = aheadMs();
  }

  /** To be asked often: what the clock was off by at the last look is what it is compared with. */
  boolean steady() {
    long nowAheadMs = aheadMs();
    long jumpMs = nowAheadMs - aheadMs;
    aheadMs = nowAheadMs;
    if (Math.abs(jumpMs) >= JUMP_MS_MIN) {
      believedFromMs = monotonicMs() + PAUSE_MS;
      LOG.warn(
          "The wall clock jumped by {} s. No records are deleted by age for an hour; set the clock right before, if it is wrong.",
          TimeUnit.MILLISECONDS.toSeconds(jumpMs));
    }
    return monotonicMs() >= believedFromMs;
  }

  private long aheadMs() {
    return clock.wallMs() - monotonicMs();
  }

  private long monotonicMs() {
    return TimeUnit.NANOSECONDS.toMillis(clock.monotonicNs());
  }
}
