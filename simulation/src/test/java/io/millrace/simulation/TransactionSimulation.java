package io.millrace.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.simulation.SimulationRun.Subject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Seeds of the simulation of groups and transactions; {@code -Dmillrace.seed=N} runs that one
 * alone.
 */
final class TransactionSimulation {
  private static final int FIXED_SEEDS = 240;
  private static final int FRESH_SEEDS = 60;
  private static final int TWICE_EVERY = 30;

  @Test
  @DisabledIfSystemProperty(named = "millrace.seed", matches = ".*")
  void groupsAndTransactionsKeepWhatTheyToldClientsWhateverGoesWrong() {
    SimulationRun.Outcome outcome =
        SimulationRun.run(Subject.TRANSACTIONS, 0, FIXED_SEEDS, TWICE_EVERY);

    assertThat(outcome.failures()).extracting(Throwable::getMessage).isEmpty();
    assertThat(outcome.coverage())
        .as("seeds reach every part")
        .containsKeys(
            "generation of a group",
            "handover",
            "member expelled",
            "takeover",
            "transaction ABORTED",
            "transaction COMMITTED",
            "zombie continued");
  }

  @Test
  @DisabledIfSystemProperty(named = "millrace.seed", matches = ".*")
  void norWithSeedsThatNobodyHasTriedBefore() {
    long from = System.currentTimeMillis();

    assertThat(
            SimulationRun.run(Subject.TRANSACTIONS, from, from + FRESH_SEEDS, TWICE_EVERY)
                .failures())
        .extracting(Throwable::getMessage)
        .isEmpty();
  }

  /** Each showed something that was wrong, and is named in the commit that mended it. */
  @ParameterizedTest
  @ValueSource(longs = {1000, 1460, 1575})
  @DisabledIfSystemProperty(named = "millrace.seed", matches = ".*")
  void seedsThatOnceFoundSomethingPass(long seed) {
    assertThat(SimulationRun.run(Subject.TRANSACTIONS, seed, seed + 1, TWICE_EVERY).failures())
        .extracting(Throwable::getMessage)
        .isEmpty();
  }

  @Test
  @EnabledIfSystemProperty(named = "millrace.seeds", matches = AskedSeeds.RANGE)
  void theSeedsAskedForPass() {
    AskedSeeds.pass(Subject.TRANSACTIONS, TWICE_EVERY);
  }

  @Test
  @EnabledIfSystemProperty(named = "millrace.seed", matches = ".*")
  void theSeedAskedForPasses() {
    long seed = Long.getLong("millrace.seed");

    var first = Subject.TRANSACTIONS.run(seed);

    assertThat(Subject.TRANSACTIONS.run(seed)).as("replays").isEqualTo(first);
  }
}
