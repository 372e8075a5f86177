package io.millrace.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.simulation.SimulationRun.Subject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Seeds of the simulation of one broker; {@code -Dmillrace.seed=N} runs that one alone. */
final class BrokerSimulation {
  private static final int FIXED_SEEDS = 260;
  private static final int FRESH_SEEDS = 40;
  private static final int TWICE_EVERY = 50;

  @Test
  @DisabledIfSystemProperty(named = "millrace.seed", matches = ".*")
  void nothingAcknowledgedIsLostWhateverGoesWrong() {
    SimulationRun.Outcome outcome = SimulationRun.run(Subject.BROKER, 0, FIXED_SEEDS, TWICE_EVERY);

    assertThat(outcome.failures()).extracting(Throwable::getMessage).isEmpty();
    for (String what :
        new String[] {
          "WAL file begun",
          "WAL file given back",
          "boundary",
          "checkpoint",
          "object merged",
          "object deleted",
          "gone by COMPACT",
          "gone by DELETE",
          "gone by COMPACT_AND_DELETE",
          "flipped bit",
          "flipped bit refused at start",
          "power loss after recycling"
        }) {
      assertThat(outcome.coverage()).as("seeds reach every part").containsKey(what);
    }
  }

  @Test
  @DisabledIfSystemProperty(named = "millrace.seed", matches = ".*")
  void norWithSeedsThatNobodyHasTriedBefore() {
    long from = System.currentTimeMillis();

    assertThat(SimulationRun.run(Subject.BROKER, from, from + FRESH_SEEDS, TWICE_EVERY).failures())
        .extracting(Throwable::getMessage)
        .isEmpty();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 22, 333, 4444, 55555})
  @DisabledIfSystemProperty(named = "millrace.seed", matches = ".*")
  void aSeedReplaysStepByStep(long seed) {
    assertThat(Simulation.run(seed)).isEqualTo(Simulation.run(seed));
  }

  @Test
  @EnabledIfSystemProperty(named = "millrace.seed", matches = ".*")
  void theSeedAskedForPasses() {
    long seed = Long.getLong("millrace.seed");

    assertThat(Simulation.run(seed)).isEqualTo(Simulation.run(seed));
  }
}
