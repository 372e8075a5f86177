package io.millrace.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LauncherIT {
  @ParameterizedTest
  @ValueSource(strings = {"kafka-topics", "kafka-configs", "kafka-consumer-groups.sh"})
  void anOfficialToolRunsUnderItsNameWithAndWithoutSuffix(String tool, @TempDir Path folder)
      throws Exception {
    Launcher.Result result = Launcher.run(folder, tool, "--version");

    assertThat(result.out()).startsWith("4.3.1");
    assertThat(result.exitCode()).isZero();
  }

  @Test
  void anOfficialToolsExitCodeAndErrorsComeThrough(@TempDir Path folder) throws Exception {
    Launcher.Result result = Launcher.run(folder, "kafka-topics", "--list");

    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(result.err()).contains("--bootstrap-server must be specified");
  }

  @Test
  void helpNamesStartAndEveryTool(@TempDir Path folder) throws Exception {
    Launcher.Result result = Launcher.run(folder, "help");

    assertThat(result.out())
        .contains("millrace start", "kafka-topics", "kafka-verifiable-share-consumer");
    assertThat(result.exitCode()).isZero();
  }

  @Test
  void anUnknownCommandIsNamed(@TempDir Path folder) throws Exception {
    Launcher.Result result = Launcher.run(folder, "stort");

    assertThat(result.err()).contains("unknown command 'stort'");
    assertThat(result.exitCode()).isEqualTo(1);
  }
}
