package io.millrace.runtime;

/** The machine's own clocks. */
public final class SystemClock implements Clock {
  @Override
  public long monotonicNs() {
    return System.nanoTime();
  }

  @Override
  public long wallMs() {
    return System.currentTimeMillis();
  }
}
