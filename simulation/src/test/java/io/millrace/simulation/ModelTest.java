package io.millrace.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The model of the protocol core ({@code simulation/model}), checked by TLC: as it is nothing
 * breaks, and with a rule taken away something does. {@code -Dmillrace.model=TIER} runs the lines
 * of that tier of runs.txt too. Each run adds a row to {@code target/model-runs.md}.
 */
final class ModelTest {
  private static final long STATES_MIN = 1_000;
  private static final Path ROWS = Path.of("target", "model-runs.md");

  @TempDir private Path scratch;

  static List<ModelRun> runs() throws IOException {
    String tier = System.getProperty("millrace.model", "verify");
    List<ModelRun> runs =
        ModelRun.all().stream()
            .filter(run -> run.tier().equals(tier) || run.tier().equals("verify"))
            .toList();
    assertThat(runs).extracting(ModelRun::tier).as("runs of this tier").contains(tier);
    return runs;
  }

  @ParameterizedTest
  @MethodSource("runs")
  void theModelBreaksWhereARuleIsMissingAndNowhereElse(ModelRun run) throws Exception {
    ModelRun.Result result = run.check(scratch);

    Files.writeString(ROWS, row(run, result), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    assertThat(result.broken()).as(result.output()).isEqualTo(run.breaks());
    if (run.breaks().equals(ModelRun.NOTHING)) {
      assertThat(result.distinctStates()).as("distinct states").isGreaterThan(STATES_MIN);
    }
  }

  private static String row(ModelRun run, ModelRun.Result result) {
    return "| %s | %s | `%s` | %s | %d | %d | %d |%n"
        .formatted(
            run.module(),
            run.weakened(),
            run.constants(),
            result.broken(),
            result.depth(),
            result.distinctStates(),
            result.seconds());
  }
}
