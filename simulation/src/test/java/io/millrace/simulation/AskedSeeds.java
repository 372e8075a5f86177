package io.millrace.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.simulation.SimulationRun.Subject;
import java.util.concurrent.TimeUnit;

/** {@code -Dmillrace.seeds=FROM..TO}, TO excluded; any number of them, across the cores. */
final class AskedSeeds {
  static final String RANGE = "[0-9]+\\.\\.[0-9]+";

  private AskedSeeds() {}

  static void pass(Subject subject, int twiceEvery) {
    String[] range = System.getProperty("millrace.seeds").split("\\.\\.", -1);
    long startNs = System.nanoTime();
    SimulationRun.Outcome outcome =
        SimulationRun.run(subject, Long.parseLong(range[0]), Long.parseLong(range[1]), twiceEvery);

    System.out.printf(
        "%d failed, %d steps, %d s, %s%n",
        outcome.failures().size(),
        outcome.steps(),
        TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - startNs),
        outcome.coverage());
    assertThat(outcome.failures()).extracting(Throwable::getMessage).isEmpty();
  }
}
