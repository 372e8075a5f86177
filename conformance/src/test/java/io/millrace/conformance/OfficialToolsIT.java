package io.millrace.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What Apache Kafka 4.3.1 prints stands in {@code official-tools.txt}; {@link ToolScript} records
 * it.
 */
class OfficialToolsIT {
  private static final String TRANSCRIPT = "official-tools.txt";

  @Test
  void kafkasToolsPrintWhatTheyPrintAgainstKafka(@TempDir Path folder) throws Exception {
    Path transcript = folder.resolve(TRANSCRIPT);
    try (InputStream resource = getClass().getResourceAsStream(TRANSCRIPT)) {
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
      assertThat(steps)
          .as("errors: %s\nlog: %s", result.err(), broker.logged())
          .hasSameSizeAs(recorded);
      for (int i = 0; i < steps.size(); i++) {
        assertThat(steps.get(i)).isEqualTo(recorded.get(i));
      }
    }
  }

  /** A tool and what it printed, each. */
  private static List<String> steps(String transcript) {
    return List.of(transcript.split("(?=\n[$&] )", -1));
  }

  private static String ownClasses() throws Exception {
    return Path.of(ToolScript.class.getProtectionDomain().getCodeSource().getLocation().toURI())
        .toString();
  }
}
