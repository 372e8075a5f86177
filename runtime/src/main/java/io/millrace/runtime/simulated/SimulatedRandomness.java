package io.millrace.runtime.simulated;

import io.millrace.runtime.Randomness;
import java.util.SplittableRandom;

/** Chance from a seed. */
public final class SimulatedRandomness implements Randomness {
  private final SplittableRandom random;

  public SimulatedRandomness(SplittableRandom random) {
    this.random = random;
  }

  @Override
  public long nextLong() {
    return random.nextLong();
  }

  @Override
  public int nextInt(int bound) {
    return random.nextInt(bound);
  }
}
