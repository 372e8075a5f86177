package io.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.broker.BrokerOptions;
import io.millrace.broker.StartException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class StartArgumentsTest {
  @Test
  void noArgumentsLeaveEverythingToTheDefaults() throws StartException {
    assertThat(StartArguments.parse(List.of(), 7))
        .isEqualTo(
            new BrokerOptions(
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                List.of(),
                7));
  }

  @Test
  void valuesMayFollowTheirOptionOrBeJoinedToIt() throws StartException {
    List<String> arguments =
        List.of(
            "--config",
            "a.properties",
            "--data=d",
            "--store",
            "s3://b/p",
            "--listen",
            "0.0.0.0:9092",
            "--set",
            "k=v",
            "--set=x=y=z");

    assertThat(StartArguments.parse(arguments, 0))
        .isEqualTo(
            new BrokerOptions(
                Optional.of(Path.of("a.properties")),
                Optional.of(Path.of("d")),
                Optional.of("s3://b/p"),
                Optional.of("0.0.0.0:9092"),
                List.of("k=v", "x=y=z"),
                0));
  }

  @Test
  void allProblemsAreToldAtOnce() {
    List<String> arguments = List.of("--prot", "--set", "novalue", "--data");

    assertThatThrownBy(() -> StartArguments.parse(arguments, 0))
        .isInstanceOf(StartException.class)
        .hasMessageContaining("unknown argument '--prot'")
        .hasMessageContaining("not 'novalue'")
        .hasMessageContaining("option --data needs a value");
  }
}
