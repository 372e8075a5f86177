package io.millrace.storage.object;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.MetadataRecord.TopicDeleted;
import io.millrace.storage.metadata.ObjectInfo;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Level 0 on a broker that is idle: far from a backlog (E9). */
class DeadLevelZeroTest {
  private static final long REVIEWS_S = TimeUnit.NANOSECONDS.toSeconds(3 * Merger.REVIEW_NS);

  private final ObjectWorld world = new ObjectWorld(1);

  @Test
  void aDeletedTopicGivesItsSpaceBack() {
    List<PartitionId> deleted = world.createTopic("deleted", 3, Map.of());
    List<PartitionId> kept = world.createTopic("kept", 2, Map.of());
    world.publish(deleted, 60);
    world.publish(kept, 20);
    world.broker.merger(MergeSettings.of(64 << 20)).start();
    world.runFor(REVIEWS_S);
    assertThat(objects()).extracting(ObjectInfo::level).containsExactly(0, 0);

    world.broker.apply(new TopicDeleted(deleted.getFirst().topicId()));
    world.runFor(REVIEWS_S);

    assertThat(objects())
        .isNotEmpty()
        .allSatisfy(
            object -> assertThat(object.first().topicId()).isEqualTo(kept.getFirst().topicId()));
    kept.forEach(id -> world.readEverything(id, 0));
  }

  @Test
  void whatIsDeadWhenItIsListedGoesToo() {
    List<PartitionId> deleted = world.createTopic("deleted", 3, Map.of());
    world.broker.merger(MergeSettings.of(64 << 20)).start();
    world.broker.apply(new TopicDeleted(deleted.getFirst().topicId()));
    world.runFor(REVIEWS_S);

    world.publish(deleted, 60);
    world.runFor(REVIEWS_S);

    assertThat(objects()).isEmpty();
  }

  @Test
  void aFooterThatCannotBeReadStopsNothingElse() {
    List<PartitionId> lost = world.createTopic("lost", 3, Map.of());
    PartitionId deleted = world.createTopic("deleted", 1, Map.of()).getFirst();
    ObjectInfo unreadable = world.publish(lost, 60);
    world.publish(List.of(deleted), 20);
    world.await(world.store.delete(unreadable.key()));
    world.broker.merger(MergeSettings.of(64 << 20)).start();
    world.runFor(REVIEWS_S);

    world.broker.apply(new TopicDeleted(deleted.topicId()));
    world.runFor(REVIEWS_S);

    assertThat(objects()).containsExactly(unreadable);
  }

  private List<ObjectInfo> objects() {
    return List.copyOf(world.broker.metadata.image().objects().values());
  }
}
