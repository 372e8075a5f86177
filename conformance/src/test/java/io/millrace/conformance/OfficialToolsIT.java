package io.millrace.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What Apache Kafka 4.3.1 prints stands in the transcripts, {@link ToolScript} records it. */
class OfficialToolsIT {
  @ParameterizedTest
  @ValueSource(strings = {"official-tools.txt", "official-tools-administration.txt"})
  void kafkasToolsPrintWhatTheyPrintAgainstKafka(String name, @TempDir Path folder)
      throws Exception {
    Path transcript = folder.resolve(name);
    try (InputStream resource = getClass().getResourceAsStream(name)) {
      Files.write(transcript, Objects.requireNonNull(resource).readAllBytes());
    }
    try (BrokerProcess broker = BrokerProcess.start(folder, "group.initial.rebalance.delay.ms=0")) {
      Launcher.Result result =
          Launcher.run(
              folder,
              Map.of("CLASSPATH", ownClasses()),
              "kafka-run-class",
              ToolScript.class.getName(),
              broker.address(),
              transcript.toString());

      List<String> steps = steps(result.out());
      List<String> recorded = steps(Files.readString(transcript));
      SoftAssertions all = new SoftAssertions();
      for (int i = 0; i < Math.min(steps.size(), recorded.size()); i++) {
        all.assertThat(steps.get(i)).isEqualTo(expected(recorded.get(i)));
      }
      all.assertThat(steps.size())
          .as("steps; errors: %s\nlog: %s", result.err(), broker.logged())
          .isEqualTo(recorded.size());
      all.assertAll();
    }
  }

  @Test
  void toolsThatPrintAsTheirProcessEndsPrintWhatTheyPrintAgainstKafka(@TempDir Path folder)
      throws Exception {
    try (BrokerProcess broker = BrokerProcess.start(folder)) {
      Launcher.Result sent =
          Launcher.run(
              folder,
              "kafka-verifiable-producer",
              "--bootstrap-server",
              broker.address(),
              "--topic",
              "moved",
              "--max-messages",
              "2");

      assertThat(Normalised.lines(sent.out(), broker.address()))
          .containsExactly(
              "{\"timestamp\":N,\"name\":\"producer_send_success\",\"key\":null,\"value\":\"0\",\"partition\":0,\"offset\":0,\"topic\":\"moved\"}",
              "{\"timestamp\":N,\"name\":\"producer_send_success\",\"key\":null,\"value\":\"1\",\"partition\":0,\"offset\":1,\"topic\":\"moved\"}",
              "{\"timestamp\":N,\"name\":\"shutdown_complete\"}",
              "{\"timestamp\":N,\"name\":\"startup_complete\"}",
              "{\"timestamp\":N,\"name\":\"tool_data\",\"sent\":2,\"acked\":2,\"target_throughput\":-1,\"avg_throughput\":N}");
      assertThat(
              Launcher.firstLine(
                  "max lag is",
                  "kafka-replica-verification",
                  "--broker-list",
                  broker.address(),
                  "--topics-include",
                  "moved",
                  "--report-interval-ms",
                  "500",
                  "--time",
                  "-2"))
          .endsWith("max lag is 0 for partition moved-0 at offset 2 among 1 partitions");
    }
  }

  /** A tool and what it printed, each. */
  private static List<String> steps(String transcript) {
    return List.of(transcript.stripTrailing().split("(?=\n[$&] )", -1));
  }

  /** As Kafka printed it, or what the transcript says that Millrace prints instead, and why. */
  private static String expected(String step) {
    if (!step.contains("\n~ ")) {
      return step;
    }
    return step.lines()
        .filter(line -> !line.startsWith("> ") && !line.equals(">") && !line.startsWith("~ "))
        .map(line -> line.equals("m") || line.startsWith("m ") ? ">" + line.substring(1) : line)
        .collect(Collectors.joining("\n"));
  }

  private static String ownClasses() throws Exception {
    return Path.of(ToolScript.class.getProtectionDomain().getCodeSource().getLocation().toURI())
        .toString();
  }
}
