package io.millrace.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.simulation.SimulationRun.Subject;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Seeds of the simulation of a cluster; {@code -Dmillrace.seed=N} runs that one alone. */
final class ClusterSimulation {
  private static final int FIXED_SEEDS = 440;
  private static final int FRESH_SEEDS = 60;
  private static final int TWICE_EVERY = 20;

  @Test
  @DisabledIfSystemProperty(named = "millrace.seed", matches = ".*")
  void manyBrokersOnOneStoreKeepWhatTheyToldClientsWhateverGoesWrong() {
    SimulationRun.Outcome outcome = SimulationRun.run(Subject.CLUSTER, 0, FIXED_SEEDS, TWICE_EVERY);

    assertThat(outcome.failures()).extracting(Throwable::getMessage).isEmpty();
    assertThat(outcome.coverage())
        .as("seeds reach every part")
        .containsKeys(
            "boundary",
            "boundary of another was first",
            "checkpoint",
            "collected entry number created again",
            "continued in time",
            LogTruth.DUPLICATE_ELSEWHERE,
            "entry of another was first",
            "fence of a live broker",
            "handover",
            "hedged put",
            "incarnation forgotten",
            "late put of a deleted object",
            "log start moved",
            "merge of what another leads",
            "object deleted",
            "object merged",
            "orphan swept",
            "partition without leader",
            "process that found its node id in use",
            "scribe lost",
            "seal met by a writer",
            "snapshot jump",
            "takeover",
            "target leader obeyed",
            "topic created again",
            "WAL entry put again after it was collected",
            "zombie continued")
        .containsKeys(
            Arrays.stream(ClusterFault.values())
                .map(fault -> "fault " + fault)
                .toArray(String[]::new));
  }

  @Test
  @DisabledIfSystemProperty(named = "millrace.seed", matches = ".*")
  void norWithSeedsThatNobodyHasTriedBefore() {
    long from = System.currentTimeMillis();

    assertThat(SimulationRun.run(Subject.CLUSTER, from, from + FRESH_SEEDS, TWICE_EVERY).failures())
        .extracting(Throwable::getMessage)
        .isEmpty();
  }

  /** Each showed something that was wrong, and is named in the commit that mended it. */
  @ParameterizedTest
  @ValueSource(longs = {706, 772, 3536, 3907, 5124, 6748, 9795})
  @DisabledIfSystemProperty(named = "millrace.seed", matches = ".*")
  void seedsThatOnceFoundSomethingPass(long seed) {
    assertThat(SimulationRun.run(Subject.CLUSTER, seed, seed + 1, TWICE_EVERY).failures())
        .extracting(Throwable::getMessage)
        .isEmpty();
  }

  @Test
  @EnabledIfSystemProperty(named = "millrace.seeds", matches = AskedSeeds.RANGE)
  void theSeedsAskedForPass() {
    AskedSeeds.pass(Subject.CLUSTER, TWICE_EVERY);
  }

  @Test
  @EnabledIfSystemProperty(named = "millrace.seed", matches = ".*")
  void theSeedAskedForPasses() {
    long seed = Long.getLong("millrace.seed");

    var first = Subject.CLUSTER.run(seed);
    var again = Subject.CLUSTER.run(seed);
    assertThat(again).isEqualTo(first);
  }
}
