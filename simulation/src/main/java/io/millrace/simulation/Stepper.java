package io.millrace.simulation;

import io.millrace.runtime.simulated.SimulatedScheduler;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Takes the steps of a simulation one by one, with a look at the world after each. */
final class Stepper {
  private static final long STEPS_MAX = 5_000_000;

  private final SimulatedScheduler scheduler;
  private final Checks checks;
  private final Runnable afterStep;
  private final Supplier<String> whoWaits;

  /**
   * @param whoWaits for what, for a person, when nothing moves
   */
  Stepper(
      SimulatedScheduler scheduler, Checks checks, Runnable afterStep, Supplier<String> whoWaits) {
    this.scheduler = scheduler;
    this.checks = checks;
    this.afterStep = afterStep;
    this.whoWaits = whoWaits;
  }

  void runFor(long durationNs) {
    long endNs = scheduler.nowNs() + durationNs;
    runUntil(() -> scheduler.nowNs() > endNs);
  }

  /** Fails with a {@link Violation} if it is not so within {@code durationNsMax}. */
  void await(BooleanSupplier condition, String what, long durationNsMax) {
    long endNs = scheduler.nowNs() + durationNsMax;
    boolean[] met = new boolean[1];
    runUntil(() -> (met[0] = condition.getAsBoolean()) || scheduler.nowNs() > endNs);
    if (!met[0]) {
      throw new Violation("no progress, waiting for " + what + whoWaits.get());
    }
  }

  void runUntil(BooleanSupplier condition) {
    for (long i = 0; i < STEPS_MAX; i++) {
      if (condition.getAsBoolean()) {
        return;
      }
      scheduler.step();
      check();
      afterStep.run();
    }
    throw new Violation("no end after " + STEPS_MAX + " steps" + whoWaits.get());
  }

  private void check() {
    Throwable violation = checks.violation();
    if (violation == null && !scheduler.failures().isEmpty()) {
      violation = scheduler.failures().getFirst();
    }
    if (violation != null) {
      throw new Violation(String.valueOf(violation.getMessage()), violation);
    }
  }
}
