package io.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class StartupCacheTest {
  @Test
  void aCacheTheJvmSharesFromIsUsed() {
    assertThat(StartupCache.state("/lib/x.aot", "mixed mode, sharing"))
        .contains("used, /lib/x.aot")
        .doesNotContain("not used");
  }

  @Test
  void aCacheTheJvmDroppedIsToldWithTheRemedy() {
    assertThat(StartupCache.state("/lib/x.aot", "mixed mode"))
        .contains("not used")
        .contains("millrace train");
  }

  @Test
  void withoutACacheTheRemedyIsTold() {
    assertThat(StartupCache.state(null, "mixed mode, sharing"))
        .contains("none")
        .contains("millrace train");
  }
}
