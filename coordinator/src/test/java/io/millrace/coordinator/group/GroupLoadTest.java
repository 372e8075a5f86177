package io.millrace.coordinator.group;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.coordinator.group.offset.OffsetCommit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ListGroupsResponseData.ListedGroup;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.Test;

/**
 * Many groups with offsets on many topics, in one partition. How long a load takes is printed: see
 * docs/testing.md for the command that measures with as many as {@code -Dmillrace.load.groups}
 * says.
 */
class GroupLoadTest {
  private static final int TOPICS = 100;

  @Test
  void allGroupsAndOffsetsAreThereAfterALoad() {
    int groups = Integer.getInteger("millrace.load.groups", 100);
    GroupWorld world = new GroupWorld();
    List<Uuid> topics = new ArrayList<>();
    for (int t = 0; t < TOPICS; t++) {
      topics.add(world.topic("topic-" + t, 1));
    }
    for (int g = 0; g < groups; g++) {
      commit(world, "group-" + g, topics);
    }

    long beganNs = System.nanoTime();
    world.replayed();
    long tookMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - beganNs);
    System.out.printf("%d groups, %d offsets: %d ms%n", groups, groups * TOPICS, tookMs);

    world.harness.reload();
    assertThat(world.<List<ListedGroup>>call(GroupShard::list).join()).hasSize(groups);
    assertThat(
            world
                .<GroupShard.Fetched>call((shard, out, reply) ->
                    shard.fetch("group-" + (groups - 1), null, -1, null, true, out, reply))
                .join()
                .offsets())
        .hasSize(TOPICS);
  }

  private static void commit(GroupWorld world, String group, List<Uuid> topics) {
    List<OffsetCommit> commits = new ArrayList<>();
    for (int t = 0; t < TOPICS; t++) {
      commits.add(new OffsetCommit("topic-" + t, topics.get(t), 0, t, -1, ""));
    }
    List<Errors> errors =
        world
            .<List<Errors>>call((shard, out, reply) ->
                shard.commit(
                    group, new Committer("", null, -1, GroupWorld.VERSION), commits, out, reply))
            .join();
    assertThat(errors).containsOnly(Errors.NONE);
  }
}
