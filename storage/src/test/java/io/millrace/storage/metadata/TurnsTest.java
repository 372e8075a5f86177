package io.millrace.storage.metadata;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.runtime.simulated.SimulatedClock;
import io.millrace.runtime.simulated.SimulatedScheduler;
import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.MetadataRecord.IncarnationRegistered;
import io.millrace.storage.metadata.MetadataRecord.NoOp;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TurnsTest {
  private static final WriterId OWN = new WriterId(1, 1);
  private static final WriterId OTHER = new WriterId(2, 2);

  private final ImageWorld world = new ImageWorld();
  private final Turns turns =
      new Turns(OWN, new SimulatedClock(new SimulatedScheduler(1)), Scribe.NONE);
  private long number;

  private void seen(WriterId writer, MetadataRecord record) {
    turns.onEntry(new Entry(++number, 0, writer, List.of(new Command(writer, number, record))));
  }

  private static IncarnationRegistered registered(WriterId writer, int nodeId) {
    return new IncarnationRegistered(
        writer, nodeId, Optional.empty(), List.of(), Optional.empty(), "test");
  }

  @Test
  void whoHasPutAnEntryLetsThoseGoFirstWhoPutOthersLately() {
    world.applied(OWN, registered(OWN, 1));
    world.applied(OTHER, registered(OTHER, 2));
    seen(OTHER, new NoOp());
    assertThat(turns.pauseNs(world.image())).as("it had no turn yet").isZero();
    seen(OWN, new NoOp());

    assertThat(turns.pauseNs(world.image())).isPositive();
    seen(OTHER, new NoOp());
    assertThat(turns.pauseNs(world.image())).isZero();
  }

  /** Right after the start of a cluster its scribe waits for nobody. */
  @Test
  void nobodyWaitsForThoseWhoHaveRegistered() {
    world.applied(OWN, registered(OWN, 1));
    world.applied(OTHER, registered(OTHER, 2));
    seen(OTHER, registered(OTHER, 2));
    seen(OWN, new NoOp());

    assertThat(turns.pauseNs(world.image())).isZero();
  }
}
