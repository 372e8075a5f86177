package io.millrace.runtime;

/**
 * Chance. The simulation replays it from a seed. Implementations are safe for use by several
 * threads.
 */
public interface Randomness {
  long nextLong();

  /** Uniform in [0, bound); {@code bound} must be positive. */
  int nextInt(int bound);
}
