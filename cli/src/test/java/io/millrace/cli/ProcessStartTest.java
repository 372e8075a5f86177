package io.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ProcessStartTest {
  @Test
  void aCommandNameWithSpacesAndParenthesesDoesNotShiftTheFields() {
    String stat =
        "42 (a ) (b) S 1 42 42 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 123456 9000 100 18446744073709551615";

    assertThat(ProcessStart.startSeconds(stat)).isEqualTo(1234.56);
  }

  @Test
  void theProcessBeganBeforeNow() {
    assertThat(ProcessStart.ns()).isLessThan(System.nanoTime());
  }
}
