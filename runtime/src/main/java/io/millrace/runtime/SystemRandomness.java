package io.millrace.runtime;

import java.security.SecureRandom;

/**
 * The system's cryptographic generator: writer ids must never collide, and nothing here is drawn on
 * a hot path.
 */
public final class SystemRandomness implements Randomness {
  private final SecureRandom random = new SecureRandom();

  @Override
  public long nextLong() {
    return random.nextLong();
  }

  @Override
  public int nextInt(int bound) {
    return random.nextInt(bound);
  }
}
