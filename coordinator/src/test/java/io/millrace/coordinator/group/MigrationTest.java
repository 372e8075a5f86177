package io.millrace.coordinator.group;

import static io.millrace.coordinator.group.GroupWorld.alive;
import static io.millrace.coordinator.group.GroupWorld.assigned;
import static io.millrace.coordinator.group.GroupWorld.join;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.coordinator.group.classic.EmbeddedProtocol;
import io.millrace.coordinator.group.consumer.MigrationPolicy;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatResponseData;
import org.apache.kafka.common.message.ConsumerProtocolSubscription;
import org.apache.kafka.common.message.DescribeGroupsResponseData.DescribedGroup;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.JoinGroupRequestData.JoinGroupRequestProtocol;
import org.apache.kafka.common.message.JoinGroupRequestData.JoinGroupRequestProtocolCollection;
import org.apache.kafka.common.message.JoinGroupResponseData;
import org.apache.kafka.common.message.LeaveGroupRequestData.MemberIdentity;
import org.apache.kafka.common.message.LeaveGroupResponseData.MemberResponse;
import org.apache.kafka.common.message.SyncGroupRequestData;
import org.apache.kafka.common.message.SyncGroupRequestData.SyncGroupRequestAssignment;
import org.apache.kafka.common.message.SyncGroupResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.protocol.MessageUtil;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A live group changes its protocol, member by member. */
class MigrationTest {
  private GroupWorld world = new GroupWorld();
  private Uuid topic = world.topic("t", 4);

  @Test
  void theFirstMemberOfTheConsumerProtocolUpgradesTheGroupAndNobodyLosesAnything() {
    String old = stableClassicMember();

    ConsumerGroupHeartbeatResponseData joined = world.heartbeat(join("new", "t"));

    assertThat(joined.errorCode()).isEqualTo(Errors.NONE.code());
    assertThat(joined.memberEpoch()).isEqualTo(2);
    assertThat(assigned(joined, topic)).isEmpty();
    assertThat(world.describe().members())
        .filteredOn(each -> each.memberId().equals(old))
        .singleElement()
        .satisfies(each -> {
          assertThat(each.memberType()).isEqualTo((byte) 0);
          assertThat(each.memberEpoch()).isEqualTo(1);
          assertThat(each.assignment().topicPartitions().getFirst().partitions())
              .containsExactly(0, 1, 2, 3);
        });
    assertThat(heartbeat(old, 1)).isEqualTo(Errors.REBALANCE_IN_PROGRESS);
  }

  @Test
  void aCrashLeavesTheGroupOnOneSideOfEitherChange() {
    stableClassicMember();
    int before = world.harness.log.batches();
    world.heartbeat(join("new", "t"));
    assertThat(world.harness.log.batches()).isEqualTo(before + 1);

    world.heartbeat(alive("new", -1));

    assertThat(world.harness.log.batches()).isEqualTo(before + 2);
  }

  @Test
  void aClassicMemberGivesUpAndGetsPartitionsByJoiningAgain() {
    String old = stableClassicMember();
    world.heartbeat(join("new", "t"));

    // the first round says what to give up
    JoinGroupResponseData first = rejoin(old, 0, 1, 2, 3);
    assertThat(first.generationId()).isEqualTo(1);
    assertThat(synced(old, 1)).containsExactly(0, 1);
    assertThat(heartbeat(old, 1)).isEqualTo(Errors.REBALANCE_IN_PROGRESS);
    assertThat(world.heartbeat(alive("new", 2)).assignment()).isNull();

    // the second that it was given up
    JoinGroupResponseData second = rejoin(old, 0, 1);
    assertThat(second.generationId()).isEqualTo(2);
    assertThat(synced(old, 2)).containsExactly(0, 1);
    assertThat(heartbeat(old, 2)).isEqualTo(Errors.NONE);
    assertThat(assigned(world.heartbeat(alive("new", 2)), topic)).containsExactly(2, 3);
  }

  @Test
  void aClassicMemberThatDoesNotJoinAgainIsRemoved() {
    String old = stableClassicMember();
    world.heartbeat(join("new", "t"));
    heartbeat(old, 1);
    for (int waitedMs = 0; waitedMs < GroupWorld.REBALANCE_MS + 2_000; waitedMs += 5_000) {
      world.harness.pass(5_000);
      heartbeat(old, 1);
      world.heartbeat(alive("new", 2));
    }

    assertThat(heartbeat(old, 1)).isEqualTo(Errors.UNKNOWN_MEMBER_ID);
  }

  @Test
  void newClassicMembersMayJoinAnUpgradedGroup() {
    world.heartbeat(join("new", "t"));

    JoinGroupResponseData named = classicJoin(subscription(), "", null).join();
    assertThat(named.errorCode()).isEqualTo(Errors.MEMBER_ID_REQUIRED.code());
    JoinGroupResponseData joined = classicJoin(subscription(), named.memberId(), null).join();

    assertThat(joined.errorCode()).isEqualTo(Errors.NONE.code());
    assertThat(joined.generationId()).isEqualTo(3);
    assertThat(joined.protocolName()).isEqualTo("range");
    assertThat(synced(named.memberId(), 3)).isEmpty();
    assertThat(heartbeat(named.memberId(), 1)).isEqualTo(Errors.ILLEGAL_GENERATION);
    assertThat(heartbeat("stranger", 1)).isEqualTo(Errors.UNKNOWN_MEMBER_ID);
  }

  @Test
  void theLastMemberOfTheConsumerProtocolDowngradesTheGroup() {
    String old = stableClassicMember();
    world.heartbeat(join("new", "t"));
    rejoin(old, 0, 1, 2, 3);
    synced(old, 1);
    rejoin(old, 0, 1);
    synced(old, 2);

    world.heartbeat(alive("new", -1));

    DescribedGroup classic = describeClassic();
    assertThat(classic.errorCode()).isEqualTo(Errors.NONE.code());
    assertThat(classic.groupState()).isEqualTo("PreparingRebalance");
    assertThat(heartbeat(old, 2)).isEqualTo(Errors.REBALANCE_IN_PROGRESS);
    JoinGroupResponseData joined = rejoin(old, 0, 1);
    assertThat(joined.generationId()).isEqualTo(3);
    assertThat(joined.leader()).isEqualTo(old);
    world.harness.reload();
    assertThat(describeClassic().groupState()).isEqualTo("Stable");
  }

  @Test
  void offsetsStayThroughBothChanges() {
    String old = stableClassicMember();
    assertThat(world.commit(old, 1, topic, 0, 5)).isEqualTo(Errors.NONE);
    world.heartbeat(join("new", "t"));
    assertThat(world.commit(old, 1, topic, 0, 6)).isEqualTo(Errors.NONE);
    assertThat(world.commit(old, 2, topic, 0, 7)).isEqualTo(Errors.ILLEGAL_GENERATION);
    world.heartbeat(alive("new", -1));

    assertThat(world.offset(topic, 0).toString()).contains("offset=6");
  }

  @Test
  void nothingIsLeftOfTheClassicGroupInTheLog() {
    String old = stableClassicMember();
    world.heartbeat(join("new", "t"));
    leave(old);
    world.heartbeat(alive("new", -1));
    assertThat(world.<Errors>call((shard, out, reply) -> shard.delete("g", out, reply)).join())
        .isEqualTo(Errors.NONE);

    world.harness.reload();

    assertThat(describeClassic().errorCode()).isEqualTo(Errors.GROUP_ID_NOT_FOUND.code());
  }

  @Test
  void aStaticMemberMayChangeItsProtocolInPlace() {
    stableClassicMember("i");
    ConsumerGroupHeartbeatResponseData up = world.heartbeat(join("new", "t").setInstanceId("i"));
    assertThat(up.errorCode()).isEqualTo(Errors.NONE.code());
    assertThat(assigned(up, topic)).containsExactly(0, 1, 2, 3);
    assertThat(world.describe().members()).hasSize(1);

    JoinGroupResponseData down = classicJoin(subscription(), "", "i").join();

    assertThat(down.errorCode()).isEqualTo(Errors.NONE.code());
    assertThat(describeClassic().groupState()).isEqualTo("Stable");
    assertThat(describeClassic().members().getFirst().groupInstanceId()).isEqualTo("i");
  }

  @Test
  void waitingMembersAreAskedToJoinAgainWhenTheirGroupIsUpgraded() {
    String old = stableClassicMember();
    String other = classicJoin(subscription(), "", null).join().memberId();
    CompletableFuture<JoinGroupResponseData> waiting = classicJoin(subscription(), other, null);
    assertThat(waiting).isNotDone();

    world.heartbeat(join("new", "t"));

    assertThat(waiting.join().errorCode()).isEqualTo(Errors.REBALANCE_IN_PROGRESS.code());
    assertThat(classicJoin(subscription(), other, null).join().errorCode())
        .isEqualTo(Errors.NONE.code());
    assertThat(heartbeat(old, 1)).isEqualTo(Errors.REBALANCE_IN_PROGRESS);
  }

  @Test
  void thePolicyMayForbidBoth() {
    world = new GroupWorld(MigrationPolicy.DISABLED, 0);
    topic = world.topic("t", 4);
    String old = stableClassicMember();

    ConsumerGroupHeartbeatResponseData refused = world.heartbeat(join("new", "t"));

    assertThat(refused.errorCode()).isEqualTo(Errors.GROUP_ID_NOT_FOUND.code());
    assertThat(heartbeat(old, 1)).isEqualTo(Errors.NONE);
  }

  @Test
  void aGroupStaysWhereItIsIfThePolicyForbidsTheWayBack() {
    world = new GroupWorld(MigrationPolicy.UPGRADE, 0);
    topic = world.topic("t", 4);
    String old = stableClassicMember();
    world.heartbeat(join("new", "t"));

    world.heartbeat(alive("new", -1));

    assertThat(world.describe().errorCode()).isEqualTo(Errors.NONE.code());
    assertThat(world.describe().members().getFirst().memberId()).isEqualTo(old);
  }

  @Test
  void anEmptyGroupOfEitherKindGivesWayToTheOther() {
    String old = stableClassicMember();
    leave(old);
    assertThat(describeClassic().groupState()).isEqualTo("Empty");
    assertThat(world.heartbeat(join("new", "t")).memberEpoch()).isEqualTo(2);

    world.heartbeat(alive("new", -1));
    assertThat(world.describe().groupState()).isEqualTo("Empty");
    stableClassicMember();

    world.harness.reload();
    assertThat(describeClassic().groupState()).isEqualTo("Stable");
    assertThat(world.describe().errorCode()).isEqualTo(Errors.GROUP_ID_NOT_FOUND.code());
  }

  @Test
  void membersOfOtherKindsOfGroupsAreNotUpgraded() {
    JoinGroupRequestData connect = request(new byte[] {0, 1}, "", null).setProtocolType("connect");
    String worker =
        world
            .<JoinGroupResponseData>call(
                (shard, out, reply) -> shard.join(GroupWorld.CALLER, connect, out, reply))
            .join()
            .memberId();
    connect.setMemberId(worker);
    world
        .<JoinGroupResponseData>call(
            (shard, out, reply) -> shard.join(GroupWorld.CALLER, connect, out, reply))
        .join();

    assertThat(world.heartbeat(join("new", "t")).errorMessage())
        .contains("does not use the consumer embedded protocol");
  }

  private String stableClassicMember() {
    return stableClassicMember(null);
  }

  private String stableClassicMember(@Nullable String instance) {
    JoinGroupResponseData first = classicJoin(subscription(), "", instance).join();
    String id = first.memberId();
    JoinGroupResponseData joined =
        instance == null ? classicJoin(subscription(), id, null).join() : first;
    SyncGroupRequestData sync =
        new SyncGroupRequestData()
            .setGroupId("g")
            .setMemberId(id)
            .setGenerationId(joined.generationId())
            .setAssignments(
                List.of(
                    new SyncGroupRequestAssignment()
                        .setMemberId(id)
                        .setAssignment(
                            EmbeddedProtocol.bytes(Map.of("t", Set.of(0, 1, 2, 3)), (short) 1))));
    world.<SyncGroupResponseData>call((shard, out, reply) -> shard.sync(sync, out, reply)).join();
    return id;
  }

  private static byte[] subscription(Integer... owned) {
    ConsumerProtocolSubscription subscription =
        new ConsumerProtocolSubscription().setTopics(List.of("t"));
    subscription
        .ownedPartitions()
        .add(
            new ConsumerProtocolSubscription.TopicPartition()
                .setTopic("t")
                .setPartitions(List.of(owned)));
    return MessageUtil.toVersionPrefixedBytes((short) 1, subscription);
  }

  private static JoinGroupRequestData request(
      byte[] subscription, String memberId, @Nullable String instance) {
    JoinGroupRequestProtocolCollection protocols = new JoinGroupRequestProtocolCollection();
    protocols.add(new JoinGroupRequestProtocol().setName("range").setMetadata(subscription));
    return new JoinGroupRequestData()
        .setGroupId("g")
        .setMemberId(memberId)
        .setGroupInstanceId(instance)
        .setSessionTimeoutMs(GroupWorld.SESSION_MS)
        .setRebalanceTimeoutMs(GroupWorld.REBALANCE_MS)
        .setProtocolType("consumer")
        .setProtocols(protocols);
  }

  private CompletableFuture<JoinGroupResponseData> classicJoin(
      byte[] subscription, String memberId, @Nullable String instance) {
    return world.call((shard, out, reply) ->
        shard.join(GroupWorld.CALLER, request(subscription, memberId, instance), out, reply));
  }

  private JoinGroupResponseData rejoin(String memberId, Integer... owned) {
    return classicJoin(subscription(owned), memberId, null).join();
  }

  private List<Integer> synced(String memberId, int generation) {
    SyncGroupRequestData request =
        new SyncGroupRequestData()
            .setGroupId("g")
            .setMemberId(memberId)
            .setGenerationId(generation);
    SyncGroupResponseData answer =
        world
            .<SyncGroupResponseData>call((shard, out, reply) -> shard.sync(request, out, reply))
            .join();
    assertThat(Errors.forCode(answer.errorCode())).isEqualTo(Errors.NONE);
    return EmbeddedProtocol.assignment(answer.assignment())
        .orElseThrow()
        .assignedPartitions()
        .stream()
        .flatMap(each -> each.partitions().stream())
        .toList();
  }

  private Errors heartbeat(String memberId, int generation) {
    HeartbeatRequestData request =
        new HeartbeatRequestData()
            .setGroupId("g")
            .setMemberId(memberId)
            .setGenerationId(generation);
    return world.<Errors>call((shard, out, reply) -> shard.heartbeat(request, out, reply)).join();
  }

  private void leave(String memberId) {
    world
        .<List<MemberResponse>>call((shard, out, reply) ->
            shard.leave("g", List.of(new MemberIdentity().setMemberId(memberId)), out, reply))
        .join();
  }

  private DescribedGroup describeClassic() {
    return world
        .<DescribedGroup>call((shard, out, reply) -> shard.describe("g", out, reply))
        .join();
  }
}
