package io.millrace.storage;

import io.millrace.runtime.Randomness;

/**
 * Times between attempts: doubling, with chance in it so that many who wait do not come back
 * together. Owned by one thread.
 */
public final class Backoff {
  private static final long FIRST_NS = 10_000_000L;
  private static final long MAX_NS = 2_000_000_000L;

  private final Randomness randomness;
  private long stepNs = FIRST_NS;

  public Backoff(Randomness randomness) {
    this.randomness = randomness;
  }

  /** How long to wait before the next attempt. */
  public long nextNs() {
    long half = stepNs / 2;
    stepNs = Math.min(2 * stepNs, MAX_NS);
    return half + randomness.nextInt((int) half);
  }
}
