package io.millrace.storage.metadata;

import static io.millrace.storage.metadata.Samples.A;
import static io.millrace.storage.metadata.Samples.B;
import static io.millrace.storage.metadata.Samples.C;
import static io.millrace.storage.metadata.Samples.registered;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.storage.Keys;
import io.millrace.storage.metadata.MetadataLog.CollectorBoundary;
import io.millrace.storage.metadata.MetadataRecord.IncarnationFenced;
import io.millrace.storage.metadata.MetadataRecord.UploadFloorMoved;
import org.junit.jupiter.api.Test;

class MetadataCollectorTest {
  @Test
  void aSnapshotGoesOnlyBelowItsWritersFloorOrOnceItsWriterIsFenced() {
    ImageWorld world = new ImageWorld();
    world.applied(A, registered(A, 1));
    world.applied(B, registered(B, 2));
    world.applied(A, new UploadFloorMoved(A, 5));
    world.applied(A, new IncarnationFenced(B));
    var boundary = new CollectorBoundary(7, Keys.snapshot(A, 3), world.image());

    assertThat(MetadataCollector.deletable(Keys.snapshot(A, 4), boundary)).isTrue();
    assertThat(MetadataCollector.deletable(Keys.snapshot(A, 3), boundary))
        .as("named by the boundary")
        .isFalse();
    assertThat(MetadataCollector.deletable(Keys.snapshot(A, 5), boundary))
        .as("at the floor")
        .isFalse();
    assertThat(MetadataCollector.deletable(Keys.snapshot(B, 99), boundary))
        .as("of a fenced writer")
        .isTrue();
    assertThat(MetadataCollector.deletable(Keys.snapshot(C, 0), boundary))
        .as("of an unknown writer")
        .isFalse();
  }
}
