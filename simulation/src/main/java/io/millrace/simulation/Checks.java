package io.millrace.simulation;

import org.jspecify.annotations.Nullable;

/**
 * Keeps the first violation that any check finds; broker code around a check must not swallow it.
 */
final class Checks {
  private @Nullable Throwable violation;

  void run(Runnable check) {
    try {
      check.run();
    } catch (RuntimeException e) {
      if (violation == null) {
        violation = e;
      }
    }
  }

  @Nullable Throwable violation() {
    return violation;
  }
}
