package io.millrace.coordinator.group;

import static io.millrace.coordinator.group.GroupWorld.alive;
import static io.millrace.coordinator.group.GroupWorld.join;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.coordinator.group.GroupShard.DeletedOffsets;
import io.millrace.coordinator.group.GroupShard.TopicSlot;
import io.millrace.coordinator.group.offset.FetchedOffset;
import io.millrace.coordinator.group.offset.OffsetCommit;
import io.millrace.storage.WallClockWatch;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ListGroupsResponseData.ListedGroup;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.Test;

class GroupRemovalTest {
  private final GroupWorld world = new GroupWorld();
  private final Uuid topic = world.topic("t", 4);

  @Test
  void aGroupWithMembersIsNotDeleted() {
    world.heartbeat(join("a", "t"));

    assertThat(delete()).isEqualTo(Errors.NON_EMPTY_GROUP);
    assertThat(world.describe().members()).hasSize(1);
  }

  @Test
  void aDeletedGroupIsGoneWithItsOffsets() {
    world.heartbeat(join("a", "t"));
    world.commit("a", 2, topic, 0, 5);
    world.heartbeat(alive("a", -1));

    assertThat(delete()).isEqualTo(Errors.NONE);
    world.harness.reload();

    assertThat(list()).isEmpty();
    assertThat(world.offset(topic, 0)).isInstanceOf(FetchedOffset.Absent.class);
    assertThat(delete()).isEqualTo(Errors.GROUP_ID_NOT_FOUND);
  }

  @Test
  void aGroupOfOffsetsOnlyIsDeleted() {
    world.commit("", -1, topic, 0, 5);

    assertThat(delete()).isEqualTo(Errors.NONE);
    assertThat(list()).isEmpty();
  }

  @Test
  void offsetsOfTopicsInUseAreNotDeleted() {
    world.topic("u", 1);
    world.heartbeat(join("a", "u"));
    world.commit("a", 2, topic, 0, 5);

    DeletedOffsets deleted = deleteOffsets(new TopicSlot("t", 0), new TopicSlot("u", 0));

    assertThat(deleted.error()).isEqualTo(Errors.NONE);
    assertThat(deleted.errors()).containsExactly(Errors.NONE, Errors.GROUP_SUBSCRIBED_TO_TOPIC);
    assertThat(world.offset(topic, 0)).isInstanceOf(FetchedOffset.Absent.class);
    assertThat(deleteOffsets("nobody").error()).isEqualTo(Errors.GROUP_ID_NOT_FOUND);
  }

  @Test
  void offsetsNobodyUsesExpireAndTheirGroupWithThem() {
    world.commit("", -1, topic, 0, 5);
    world.harness.pass(GroupWorld.RETENTION_MS - 1_000);
    assertThat(world.offset(topic, 0)).isInstanceOf(FetchedOffset.Found.class);

    world.harness.pass(GroupWorld.RETENTION_CHECK_MS + 2_000);

    assertThat(list()).isEmpty();
    world.harness.reload();
    assertThat(world.offset(topic, 0)).isInstanceOf(FetchedOffset.Absent.class);
  }

  @Test
  void offsetsOfSubscribedTopicsAreKeptHoweverOld() {
    world.heartbeat(join("a", "t"));
    world.commit("a", 2, topic, 0, 5);
    keepAlive(GroupWorld.RETENTION_MS + 2 * GroupWorld.RETENTION_CHECK_MS);

    assertThat(world.offset(topic, 0)).isInstanceOf(FetchedOffset.Found.class);
  }

  @Test
  void anEmptyGroupWithoutOffsetsGoes() {
    world.heartbeat(join("a", "t"));
    world.heartbeat(alive("a", -1));

    world.harness.pass(GroupWorld.RETENTION_CHECK_MS + 1_000);

    assertThat(list()).isEmpty();
    world.harness.reload();
    assertThat(list()).isEmpty();
  }

  @Test
  void offsetsOfATopicThatWentUnnoticedGoToo() {
    world.commit("", -1, topic, 0, 5);
    world.deleteTopic("t");
    world.harness.reload();

    world.harness.pass(GroupWorld.RETENTION_CHECK_MS + 1_000);

    assertThat(list()).isEmpty();
  }

  @Test
  void nothingExpiresForAnHourAfterTheWallClockJumped() {
    world.commit("", -1, topic, 0, 5);
    world.harness.pass(1_000);
    world.harness.machine.clock().jump(10 * GroupWorld.RETENTION_MS);

    world.harness.pass(WallClockWatch.PAUSE_MS - 1_000);
    assertThat(world.offset(topic, 0)).isInstanceOf(FetchedOffset.Found.class);
    world.harness.pass(2 * GroupWorld.RETENTION_CHECK_MS);

    assertThat(world.offset(topic, 0)).isInstanceOf(FetchedOffset.Absent.class);
  }

  @Test
  void aClockThatJumpsInTheMiddleOfAPassTakesNothingAway() {
    int each = 700; // together more than one step looks at
    commitForGroups("old-", each);
    world.harness.pass(GroupWorld.RETENTION_MS / 2);
    commitForGroups("young-", each);
    world.harness.pass(GroupWorld.RETENTION_MS / 2 - 10_000);
    int batches = world.harness.log.batches();
    world.harness.scheduler.runUntil(() -> world.harness.log.batches() > batches, 100_000);

    world.harness.machine.clock().jump(10 * GroupWorld.RETENTION_MS);
    world.harness.pass(1_000);

    assertThat(list())
        .hasSize(each)
        .allSatisfy(group -> assertThat(group.groupId()).startsWith("young-"));
  }

  private void commitForGroups(String prefix, int groups) {
    world.harness.tell((shard, out) -> {
      for (int g = 0; g < groups; g++) {
        shard.commit(
            prefix + g,
            new Committer("", null, -1, (short) 3),
            List.of(new OffsetCommit("t", topic, 0, 5, -1, "")),
            out,
            new CompletableFuture<>());
      }
    });
  }

  @Test
  void noEventWritesMoreThanAStepAndOneGroupsOffsets() {
    int perGroup = 3_000;
    int groups = 8;
    for (int g = 0; g < groups; g++) {
      String id = "group-" + g;
      List<OffsetCommit> commits =
          IntStream.range(0, perGroup)
              .mapToObj(p -> new OffsetCommit("t", topic, p, 5, -1, ""))
              .toList();
      world
          .<List<Errors>>call((shard, out, reply) ->
              shard.commit(id, new Committer("", null, -1, (short) 3), commits, out, reply))
          .join();
    }
    world.deleteTopic("t");
    List<Integer> sizes = new ArrayList<>();
    world
        .<Boolean>call((shard, out, reply) -> {
          shard.topicDeleted(out);
          sizes.add(out.size());
          out.reply(reply, true);
        })
        .join();
    world.harness.settle();

    assertThat(sizes).containsExactly(4 * perGroup);
    assertThat(list()).isEmpty();
    world.harness.reload();
    assertThat(list()).isEmpty();
  }

  private void keepAlive(long ms) {
    for (long passed = 0; passed < ms; passed += 40_000) {
      world.harness.pass(40_000);
      assertThat(world.heartbeat(alive("a", 2)).errorCode()).isEqualTo(Errors.NONE.code());
    }
  }

  private Errors delete() {
    return world.<Errors>call((shard, out, reply) -> shard.delete("g", out, reply)).join();
  }

  private DeletedOffsets deleteOffsets(TopicSlot... slots) {
    return deleteOffsets("g", slots);
  }

  private DeletedOffsets deleteOffsets(String groupId, TopicSlot... slots) {
    return world
        .<DeletedOffsets>call(
            (shard, out, reply) -> shard.deleteOffsets(groupId, List.of(slots), out, reply))
        .join();
  }

  private List<ListedGroup> list() {
    return world.<List<ListedGroup>>call(GroupShard::list).join();
  }
}
