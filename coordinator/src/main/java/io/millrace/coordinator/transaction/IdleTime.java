package io.millrace.coordinator.transaction;

import io.millrace.runtime.Clock;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether a transactional id has been idle too long. By wall time, which is all that records tell
 * across days; no safety rests on it (a forgotten id begins anew with another producer id), and
 * nothing expires while wall time has jumped against monotonic time.
 */
final class IdleTime {
  private static final Logger LOG = LoggerFactory.getLogger(IdleTime.class);

  /** Clocks that are corrected slowly stay below. */
  private static final long JUMP_MS_MIN = TimeUnit.MINUTES.toMillis(10);

  private final Clock clock;
  private final long expirationMs;
  private long offsetMs;

  IdleTime(Clock clock, long expirationMs) {
    this.clock = clock;
    this.expirationMs = expirationMs;
    this.offsetMs = offsetMs();
  }

  private long offsetMs() {
    return clock.wallMs() - TimeUnit.NANOSECONDS.toMillis(clock.monotonicNs());
  }

  /** Whether wall time has gone as monotonic time has since the last check. */
  boolean agrees() {
    long jumpMs = offsetMs() - offsetMs;
    offsetMs += jumpMs;
    if (Math.abs(jumpMs) < JUMP_MS_MIN) {
      return true;
    }
    LOG.warn("Transactional ids do not expire now: wall time has jumped by {} ms", jumpMs);
    return false;
  }

  boolean isOver(Transaction idle) {
    return clock.wallMs() - idle.updatedMs() >= expirationMs;
  }
}
