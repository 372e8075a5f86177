package io.millrace.storage.object;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataRecord.ObjectsMerged;
import io.millrace.storage.metadata.ObjectInfo;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class MergeTaskTest {
  private final ObjectWorld world = new ObjectWorld(1);
  private final PartitionId id = world.createTopic("t", 1, Map.of()).getFirst();
  private final ObjectInfo input = world.publish(List.of(id), 20);

  @Test
  void aDamagedInputIsCorruption() {
    MergeTask task = task();
    damageInput();

    assertThatThrownBy(() -> world.await(task.run()))
        .hasCauseInstanceOf(ObjectCorruptException.class);
  }

  @Test
  void anInputThatAnotherBrokerHasMergedMayHoldALateSealAndIsOnlyGone() {
    MergeTask task = task();
    ObjectWorld.Broker other = world.join(2);
    other.apply(new ObjectsMerged(List.of(input.key()), List.of(), List.of()));
    damageInput();

    assertThatThrownBy(() -> world.await(task.run()))
        .hasCauseInstanceOf(ObjectAbsentException.class);
  }

  /** A merge as of now, whose footers are loaded. */
  private MergeTask task() {
    MetadataImage image = world.broker.metadata.image();
    world.await(world.broker.footers.get(input));
    MergePlan plan =
        new MergePlanner(world.broker.metadata.writer(), ObjectWorld.EAGER, new MergeSetbacks())
            .plan(image, Optional.empty())
            .orElseThrow();
    return new MergeTask(plan, image, world.broker.mergeParts(ObjectWorld.EAGER), () -> false);
  }

  private void damageInput() {
    CompletableFuture<Footer> footer = world.broker.footers.get(input);
    long position = world.await(footer).of(id).getFirst().runs().getFirst().position();
    world.store.flippedBits.put(input.key(), (position + 30) * 8);
  }
}
