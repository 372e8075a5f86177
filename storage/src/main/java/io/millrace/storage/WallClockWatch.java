package io.millrace.storage;

import io.millrace.runtime.Clock;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether the wall clock may be believed when something is deleted by its age (invariant I6): not
 * for a while after it jumped against monotonic time, so that somebody can set it right. Used by
 * one loop.
 */
public final class WallClockWatch {
  /** More than a clock is slewed by between two looks. */
  public static final long JUMP_MS_MIN = TimeUnit.MINUTES.toMillis(1);

  public static final long PAUSE_MS = TimeUnit.HOURS.toMillis(1);

  private static final Logger LOG = LoggerFactory.getLogger(WallClockWatch.class);

  private final Clock clock;
  private final String suspended;
  private long aheadMs;
  private long believedFromMs = Long.MIN_VALUE;

  /**
   * @param suspended what does not happen meanwhile, for the log: "No ... expire"
   */
  public WallClockWatch(Clock clock, String suspended) {
    this.clock = clock;
    this.suspended = suspended;
    this.aheadMs = aheadMs();
  }

  /** To be asked often: what the clock was off by at the last look is what it is compared with. */
  public boolean steady() {
    long nowAheadMs = aheadMs();
    long jumpMs = nowAheadMs - aheadMs;
    aheadMs = nowAheadMs;
    if (Math.abs(jumpMs) >= JUMP_MS_MIN) {
      believedFromMs = monotonicMs() + PAUSE_MS;
      LOG.warn(
          "The wall clock jumped by {} s. {} for an hour; set the clock right before, if it is wrong.",
          TimeUnit.MILLISECONDS.toSeconds(jumpMs),
          suspended);
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
