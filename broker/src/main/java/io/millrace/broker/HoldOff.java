package io.millrace.broker;

import java.util.concurrent.TimeUnit;

/**
 * How long a broker whose incarnation was taken from it waits before it registers the next one: a
 * machine that is fenced again and again, though it lives, should disturb the others ever less.
 */
final class HoldOff {
  private static final long FIRST_NS = TimeUnit.SECONDS.toNanos(1);
  private static final long MAX_NS = TimeUnit.SECONDS.toNanos(60);
  private static final long FORGIVEN_AFTER_NS = TimeUnit.MINUTES.toNanos(10);

  private long nextNs = FIRST_NS;

  /**
   * @param livedNs how long the incarnation lived that is over now
   */
  long afterLifeOf(long livedNs) {
    if (livedNs >= FORGIVEN_AFTER_NS) {
      nextNs = FIRST_NS;
    }
    long holdOffNs = nextNs;
    nextNs = Math.min(2 * nextNs, MAX_NS);
    return holdOffNs;
  }
}
