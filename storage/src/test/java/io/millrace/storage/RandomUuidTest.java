package io.millrace.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.runtime.simulated.SimulatedRandomness;
import java.util.SplittableRandom;
import java.util.UUID;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

class RandomUuidTest {
  @Test
  void anIdIsOfVersion4AndNoCommandLineTakesItForAnOption() {
    SimulatedRandomness randomness = new SimulatedRandomness(new SplittableRandom(1));
    for (int i = 0; i < 1000; i++) {
      Uuid id = RandomUuid.next(randomness);

      UUID bits = new UUID(id.getMostSignificantBits(), id.getLeastSignificantBits());
      assertThat(bits.version()).isEqualTo(4);
      assertThat(bits.variant()).isEqualTo(2);
      assertThat(id.toString()).doesNotStartWith("-");
    }
  }
}
