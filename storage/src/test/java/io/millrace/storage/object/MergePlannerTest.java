package io.millrace.storage.object;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.storage.Keys;
import io.millrace.storage.PartitionId;
import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.ImageWorld;
import io.millrace.storage.metadata.MetadataRecord.IncarnationFenced;
import io.millrace.storage.metadata.MetadataRecord.IncarnationRecovered;
import io.millrace.storage.metadata.MetadataRecord.IncarnationRegistered;
import io.millrace.storage.metadata.MetadataRecord.ObjectsMerged;
import io.millrace.storage.metadata.MetadataRecord.TopicCreated;
import io.millrace.storage.metadata.MetadataRecord.WalPublished;
import io.millrace.storage.metadata.ObjectInfo;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

final class MergePlannerTest {
  private static final WriterId SELF = new WriterId(1, 1);
  private static final PartitionId PARTITION = new PartitionId(new Uuid(7, 7), 0);

  private final ImageWorld world = new ImageWorld();
  private final MergeSettings settings = MergeSettings.of(64 << 20);
  private final MergeSetbacks setbacks = new MergeSetbacks();
  private final MergePlanner planner = new MergePlanner(SELF, settings, setbacks);

  @Test
  void smallObjectsOfOnePartitionAreMergedOnceTheyPileUp() {
    begin();
    for (int i = 0; i < settings.sharedObjectsMax(); i++) {
      list(i, settings.ownObjectBytesMin() - 1);
    }
    assertThat(planner.plan(world.image(), Optional.empty())).isEmpty();

    list(settings.sharedObjectsMax(), 100);

    MergePlan plan = planner.plan(world.image(), Optional.empty()).orElseThrow();
    assertThat(plan.inputs()).hasSize(settings.sharedObjectsMax());
    assertThat(plan.inputs().getFirst().key()).isEqualTo(Keys.data(SELF, 0));
  }

  @Test
  void objectsOfOnePartitionThatAreLargeEnoughAreLeftAlone() {
    begin();
    for (int i = 0; i < 3 * settings.sharedObjectsMax(); i++) {
      list(i, settings.ownObjectBytesMin());
    }

    assertThat(planner.plan(world.image(), Optional.empty())).isEmpty();
  }

  private void begin() {
    world.applied(
        SELF,
        new IncarnationRegistered(SELF, 1, Optional.empty(), List.of(), Optional.empty(), "test"));
    world.applied(SELF, new TopicCreated(PARTITION.topicId(), "t", List.of(List.of(1)), Map.of()));
  }

  @Test
  void theLogOfADeadBrokerDoesNotWaitForOneThatGrowsAsFastAsItIsMerged() {
    begin();
    WriterId dead = new WriterId(2, 2);
    world.applied(
        dead,
        new IncarnationRegistered(dead, 2, Optional.empty(), List.of(), Optional.empty(), "test"));
    ObjectInfo recovered = levelZero(dead, 0, 0);
    world.applied(SELF, new IncarnationFenced(dead));
    world.applied(SELF, new IncarnationRecovered(dead, -1, 0, List.of(recovered)));
    for (int i = 0; i < settings.inputObjectsMax(); i++) {
      world.applied(SELF, new WalPublished(SELF, i - 1, i, List.of(levelZero(SELF, i, 1 + i))));
    }

    MergePlan plan = planner.plan(world.image(), Optional.empty()).orElseThrow();

    assertThat(plan.inputs())
        .hasSize(settings.inputObjectsMax())
        .startsWith(recovered, levelZero(SELF, 0, 1));
  }

  @Test
  void aDamagedObjectThatWasWantedDoesNotMakeThePlannerEager() {
    begin();
    ObjectInfo damaged = levelZero(SELF, 0, 0);
    world.applied(SELF, new WalPublished(SELF, -1, 0, List.of(damaged)));
    planner.wantLevelZero(world.image());
    for (int i = 0; i < 2; i++) {
      MergePlan plan = planner.plan(world.image(), Optional.empty()).orElseThrow();
      assertThat(plan.inputs()).containsExactly(damaged);
      setbacks.onDamage(plan);
    }

    world.applied(SELF, new WalPublished(SELF, 0, 1, List.of(levelZero(SELF, 1, 1))));

    assertThat(planner.plan(world.image(), Optional.empty())).isEmpty();
  }

  private static ObjectInfo levelZero(WriterId writer, int sequence, long offset) {
    return new ObjectInfo(
        Keys.wal(writer, sequence),
        0,
        writer,
        100,
        0,
        10,
        0,
        PARTITION,
        PARTITION,
        offset,
        offset + 1);
  }

  /** An object of level 1 that holds the ten offsets from {@code 10 * counter} on. */
  private void list(int counter, long sizeBytes) {
    world.applied(
        SELF,
        new ObjectsMerged(
            List.of(),
            List.of(
                new ObjectInfo(
                    Keys.data(SELF, counter),
                    1,
                    SELF,
                    sizeBytes,
                    0,
                    10,
                    0,
                    PARTITION,
                    PARTITION,
                    10L * counter,
                    10L * counter + 10)),
            List.of()));
  }
}
