package io.millrace.storage.object;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.MetadataImage.Checkpoint;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.ObjectInfo;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class CheckpointerTest {
  private final ObjectWorld world = new ObjectWorld(1);
  private final PartitionId a = world.createTopic("a", 1, Map.of()).getFirst();
  private final PartitionId b = world.createTopic("b", 1, Map.of()).getFirst();

  @Test
  void whatIsDamagedCostsNoOtherPartitionItsCheckpoint() {
    ObjectInfo damaged = world.publish(List.of(a), 3);
    world.publish(List.of(b), 3);
    world.store.flippedBits.put(damaged.key(), (damaged.footerPosition() + 20) * 8);

    world.await(world.broker.checkpointer.checkpoint());

    assertThat(checkpointEnd(b)).isEqualTo(world.end(b));
    assertThat(checkpointEnd(a)).isZero();
  }

  private long checkpointEnd(PartitionId id) {
    Partition partition = Objects.requireNonNull(world.broker.metadata.image().partition(id));
    return Optional.of(partition).flatMap(Partition::checkpoint).map(Checkpoint::end).orElse(0L);
  }
}
