package io.millrace.broker.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The reference page says what the declarations say; -Dreference.write=true writes it. */
class ReferencePageTest {
  private static final Path PAGE = Path.of("../docs/reference/configuration.md");

  @Test
  void theReferencePageIsUpToDate() throws IOException {
    if (Boolean.getBoolean("reference.write")) {
      Files.createDirectories(PAGE.getParent());
      Files.writeString(PAGE, ReferencePage.text());
    }
    assertThat(Files.readString(PAGE)).isEqualTo(ReferencePage.text());
  }
}
