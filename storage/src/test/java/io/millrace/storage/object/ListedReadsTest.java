package io.millrace.storage.object;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.MetadataRecord.ObjectsMerged;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ListedReadsTest {
  private final ObjectWorld world = new ObjectWorld(1);
  private final ListedReads reads = new ListedReads(world.broker.metadata, new ObjectPins());
  private String key = "";

  @BeforeEach
  void anObject() {
    PartitionId id = world.createTopic("t", 1, Map.of()).getFirst();
    world.publish(List.of(id), 20);
    Merger merger = world.broker.merger(ObjectWorld.EAGER);
    merger.start();
    world.runFor(5);
    merger.close();
    key = world.broker.metadata.image().objects().firstKey();
  }

  @Test
  void damageOfWhatIsListedStillIsCorruption() {
    assertThatThrownBy(() -> world.await(reads.read(key, ListedReadsTest::damaged)))
        .hasCauseInstanceOf(ObjectCorruptException.class);
  }

  @Test
  void damageOfWhatIsListedNoLongerSaysOnlyThatItIsGone() {
    CompletableFuture<Void> read =
        reads.read(
            key,
            () -> {
              world.broker.apply(new ObjectsMerged(List.of(key), List.of(), List.of()));
              return damaged(); // it was collected, and a late seal lies in its place
            });

    assertThatThrownBy(() -> world.await(read)).hasCauseInstanceOf(ObjectAbsentException.class);
  }

  private static CompletableFuture<Void> damaged() {
    return CompletableFuture.failedFuture(new ObjectCorruptException("damaged"));
  }
}
