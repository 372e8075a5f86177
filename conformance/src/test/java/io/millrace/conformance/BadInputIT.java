package io.millrace.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BadInputIT {
  /** What {@link BadInput} printed for Apache Kafka 4.3.1. */
  private static final String RECORDED = "bad-input.txt";

  @Test
  void badInputGetsTheAnswersOfApacheKafka(@TempDir Path folder) throws Exception {
    try (BrokerProcess broker = BrokerProcess.start(folder)) {
      assertThat(BadInput.run(broker.address())).containsExactlyEntriesOf(recorded());
    }
  }

  private static Map<String, String> recorded() throws IOException {
    Map<String, String> table = new LinkedHashMap<>();
    try (InputStream in = Objects.requireNonNull(BadInputIT.class.getResourceAsStream(RECORDED))) {
      new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .map(line -> line.split(" \\| ", 2))
          .forEach(row -> table.put(row[0], row[1]));
    }
    return table;
  }
}
