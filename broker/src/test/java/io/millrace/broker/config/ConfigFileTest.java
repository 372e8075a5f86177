package io.millrace.broker.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringReader;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Reading the Java properties format. */
class ConfigFileTest {

  @Test
  void everyTextIsReadAsTheJdkReadsIt() throws IOException {
    // given: texts of the characters that mean something, in any order
    Random random = new Random(42);
    String alphabet = "ab=: \t\f\n\r\\#!\u00e9\\n\\";
    for (int round = 0; round < 20_000; round++) {
      StringBuilder text = new StringBuilder();
      for (int i = random.nextInt(24); i > 0; i--) {
        text.append(alphabet.charAt(random.nextInt(alphabet.length())));
      }
      // a backslash at the very end continues into nothing, which the JDK takes for an empty key
      text.append('z');
      // when
      Map<String, String> read = new LinkedHashMap<>();
      ConfigFile.parse("f", text.toString())
          .settings()
          .forEach(entry -> read.put(entry.key(), entry.value()));
      // then
      Properties expected = new Properties();
      expected.load(new StringReader(text.toString()));
      assertThat(read).as(text.toString().replace("\n", "\\n")).isEqualTo(expected);
    }
  }

  @Test
  void aKeyStandsOnTheLineItBeginsOn() {
    // given
    String text = "# comment\r\na=1\r\n\r\nb=2,\\\r\n   3\r\nc=4";
    // when
    ConfigFile file = ConfigFile.parse("f", text);
    // then
    assertThat(file.settings())
        .containsExactly(
            new ConfigFile.Entry("a", "1", 2),
            new ConfigFile.Entry("b", "2,3", 4),
            new ConfigFile.Entry("c", "4", 6));
  }

  @Test
  void unicodeEscapesAreReadAndBrokenOnesAreProblems() {
    // when
    ConfigFile file = ConfigFile.parse("f", "a=\\u00e9\\u0041\nb=\\u00g1\n");
    // then
    assertThat(file.settings().getFirst().value()).isEqualTo("\u00e9A");
    assertThat(file.problems()).hasSize(1);
    assertThat(file.problems().getFirst().where()).isEqualTo("line 2");
  }
}
