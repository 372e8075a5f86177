package io.millrace.storage.metadata;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class UploadNumbersTest {
  private final UploadNumbers numbers = new UploadNumbers();

  @Test
  void theFloorNeverPassesACounterThatIsNotSettled() {
    long first = numbers.begin();
    long second = numbers.begin();
    numbers.settle(second);
    assertThat(numbers.floor()).isEqualTo(first);

    numbers.settle(first);

    assertThat(numbers.floor()).isEqualTo(second + 1);
    assertThat(numbers.begin()).isEqualTo(second + 1);
  }

  @Test
  void aCounterIsSettledOnce() {
    long counter = numbers.begin();
    numbers.settle(counter);

    assertThatThrownBy(() -> numbers.settle(counter)).isInstanceOf(IllegalStateException.class);
  }
}
