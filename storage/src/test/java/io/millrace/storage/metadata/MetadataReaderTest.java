package io.millrace.storage.metadata;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.runtime.simulated.SimulatedClock;
import io.millrace.runtime.simulated.SimulatedRandomness;
import io.millrace.storage.metadata.MetadataRecord.NoOp;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class MetadataReaderTest {
  private static final int BOUNDARY_EVERY = 8;

  private final MetadataWorld world =
      new MetadataWorld(1, 0, BOUNDARY_EVERY, LossyStore.Pace.BUCKET);
  private final MetadataLog log = world.start(1);

  @Test
  void theNewestImageIsThatOfTheBrokers() {
    commit(3);

    assertThat(read(OptionalLong.empty())).isEqualTo(log.image());
  }

  @Test
  void anImageOfBeforeIsReadAgain() {
    MetadataImage then = log.image();
    commit(3);

    assertThat(read(OptionalLong.of(then.entryNumber()))).isEqualTo(then);
    assertThat(read(OptionalLong.of(then.entryNumber() + 2)).entryNumber())
        .isEqualTo(then.entryNumber() + 2);
  }

  @Test
  void whatIsCollectedOrNotYetThereIsSaidToBe() {
    commit(5 * BOUNDARY_EVERY);
    long newest = log.image().entryNumber();

    assertThatThrownBy(() -> read(OptionalLong.of(1)))
        .hasMessageContaining("There is no image at entry 1: the log goes from entry")
        .hasMessageContaining("to " + newest);
    assertThatThrownBy(() -> read(OptionalLong.of(newest + 1)))
        .hasMessageContaining("There is no image at entry " + (newest + 1));
    assertThat(read(OptionalLong.of(newest))).isEqualTo(log.image());
  }

  private void commit(int commands) {
    for (int i = 0; i < commands; i++) {
      world.await(log.submit(new NoOp()));
    }
  }

  private MetadataImage read(OptionalLong entry) {
    return world.await(
        MetadataReader.image(
            world.store,
            world.newLoop(),
            new SimulatedClock(world.scheduler),
            new SimulatedRandomness(world.scheduler.fork()),
            entry));
  }
}
