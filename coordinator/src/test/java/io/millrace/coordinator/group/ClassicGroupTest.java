package io.millrace.coordinator.group;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.coordinator.group.GroupShard.Fetched;
import io.millrace.coordinator.group.classic.ClassicSettings;
import io.millrace.coordinator.group.consumer.MigrationPolicy;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.errors.CoordinatorNotAvailableException;
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
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Classic groups under churn. */
class ClassicGroupTest {
  private static final int SESSION_MS = 10_000;
  private static final int REBALANCE_MS = 30_000;
  private static final int DELAY_MS = 3_000;

  private GroupWorld world = new GroupWorld();

  @Test
  void anEmptyGroupWaitsForMoreMembersAndOneRebalanceServesThemAll() {
    world = withDelay();
    CompletableFuture<JoinGroupResponseData> first = joinNew();
    world.harness.pass(DELAY_MS / 2);
    CompletableFuture<JoinGroupResponseData> second = joinNew();
    assertThat(first).isNotDone();

    world.harness.pass(DELAY_MS / 2 + 100);
    assertThat(first).as("extended, for another one came").isNotDone();
    world.harness.pass(DELAY_MS);

    assertThat(first.join().generationId()).isEqualTo(1);
    assertThat(second.join().generationId()).isEqualTo(1);
    assertThat(first.join().members().size() + second.join().members().size()).isEqualTo(2);
  }

  @Test
  void aJoinThatWaitsForOthersIsTurnedAwayWhenThereIsNoRoomForLong() {
    world = withDelay();
    CompletableFuture<JoinGroupResponseData> joined = joinNew();
    world.harness.log.full(true);

    world.harness.pass(2 * DELAY_MS);

    assertThat(joined.exceptionNow()).isInstanceOf(CoordinatorNotAvailableException.class);
  }

  @Test
  void aRepeatedJoinCostsNobodyItsId() {
    String leader = stable(1).getFirst();
    CompletableFuture<JoinGroupResponseData> other = joinNew();
    String waiting = describe().members().get(1).memberId();

    CompletableFuture<JoinGroupResponseData> again = join(waiting, null);

    assertThat(other.join().errorCode()).isEqualTo(Errors.REBALANCE_IN_PROGRESS.code());
    assertThat(other.join().memberId()).isEqualTo(waiting);
    assertThat(join(leader, null).join().generationId()).isEqualTo(2);
    assertThat(again.join().generationId()).isEqualTo(2);
  }

  @Test
  void rebalancesFollowEachOtherAndEveryoneKeepsItsId() {
    List<String> members = stable(2);
    for (int round = 0; round < 5; round++) {
      CompletableFuture<JoinGroupResponseData> first = join(members.getFirst(), null);
      CompletableFuture<JoinGroupResponseData> second = join(members.getLast(), null);
      assertThat(first.join().errorCode()).isEqualTo(Errors.NONE.code());
      int generation = second.join().generationId();
      // before the leader has assigned, somebody joins, and it begins anew
      CompletableFuture<SyncGroupResponseData> sync = sync(members.getLast(), generation);
      CompletableFuture<JoinGroupResponseData> third = joinNew();
      assertThat(sync.join().errorCode()).isEqualTo(Errors.REBALANCE_IN_PROGRESS.code());
      assertThat(heartbeat(members.getFirst(), generation)).isEqualTo(Errors.REBALANCE_IN_PROGRESS);
      join(members.getFirst(), null);
      assertThat(join(members.getLast(), null).join().generationId()).isEqualTo(generation + 1);
      leave(new MemberIdentity().setMemberId(third.join().memberId()));
    }
  }

  @Test
  void aMemberThatDiesBeforeItHasItsAssignmentIsReplacedByAnotherRebalance() {
    List<String> members = stable(2);
    join(members.getFirst(), null);
    int generation = join(members.getLast(), null).join().generationId();
    CompletableFuture<SyncGroupResponseData> sync =
        sync(members.getFirst(), generation, members.getFirst());
    assertThat(sync.join().errorCode()).isEqualTo(Errors.NONE.code());
    for (int waitedMs = 0; waitedMs < REBALANCE_MS + 1_000; waitedMs += 5_000) {
      world.harness.pass(5_000);
      heartbeat(members.getFirst(), generation);
    }

    assertThat(heartbeat(members.getFirst(), generation)).isEqualTo(Errors.REBALANCE_IN_PROGRESS);
    assertThat(join(members.getFirst(), null).join().members()).hasSize(1);
  }

  @Test
  void aSilentLeaderLosesThePartToAMemberThatIsThere() {
    List<String> members = stable(2);
    CompletableFuture<JoinGroupResponseData> third = joinNew();
    CompletableFuture<JoinGroupResponseData> follower = join(members.getLast(), null);
    for (int waitedMs = 0; waitedMs < REBALANCE_MS + 1_000; waitedMs += 5_000) {
      world.harness.pass(5_000);
    }

    assertThat(follower.join().leader()).isEqualTo(members.getLast());
    assertThat(third.join().leader()).isEqualTo(members.getLast());
    assertThat(heartbeat(members.getFirst(), 2)).isEqualTo(Errors.UNKNOWN_MEMBER_ID);
  }

  @Test
  void aStaticMemberThatIsReplacedWhileItWaitsIsFenced() {
    String other = stable(1).getFirst();
    CompletableFuture<JoinGroupResponseData> old = join("", "instance");
    CompletableFuture<JoinGroupResponseData> replaced = join("", "instance");

    assertThat(old.join().errorCode()).isEqualTo(Errors.FENCED_INSTANCE_ID.code());
    join(other, null);
    assertThat(replaced.join().errorCode()).isEqualTo(Errors.NONE.code());
  }

  @Test
  void anAdministratorTakesOutAStaticMemberByItsInstance() {
    join("", "instance").join();

    assertThat(leave(new MemberIdentity().setGroupInstanceId("instance"))).isEqualTo(Errors.NONE);
    assertThat(leave(new MemberIdentity().setGroupInstanceId("instance")))
        .isEqualTo(Errors.UNKNOWN_MEMBER_ID);
    assertThat(describe().groupState()).isEqualTo("Empty");
  }

  @Test
  void aStaticMemberOfAnotherIdDoesNotSpeakForItsSuccessor() {
    String old = join("", "instance").join().memberId();
    String present = join("", "instance").join().memberId();

    assertThat(leave(new MemberIdentity().setMemberId(old).setGroupInstanceId("instance")))
        .isEqualTo(Errors.FENCED_INSTANCE_ID);
    assertThat(join(old, "instance").join().errorCode())
        .isEqualTo(Errors.FENCED_INSTANCE_ID.code());
    assertThat(heartbeat(present, 2)).isEqualTo(Errors.NONE);
  }

  @Test
  void aRefusedJoinLeavesNoGroupBehind() {
    JoinGroupRequestData request = request("", null);
    request.setProtocols(new JoinGroupRequestProtocolCollection());
    JoinGroupResponseData refused =
        world
            .<JoinGroupResponseData>call(
                (shard, out, reply) -> shard.join(GroupWorld.CALLER, request, out, reply))
            .join();

    assertThat(refused.errorCode()).isEqualTo(Errors.INCONSISTENT_GROUP_PROTOCOL.code());
    assertThat(describe().errorCode()).isEqualTo(Errors.GROUP_ID_NOT_FOUND.code());
  }

  @Test
  void offsetsOfAGroupNobodyKnowsAreAbsentAndNoError() {
    Fetched fetched =
        world
            .<Fetched>call(
                (shard, out, reply) -> shard.fetch("g", "member", 7, null, true, out, reply))
            .join();

    assertThat(fetched.error()).isEqualTo(Errors.NONE);
    assertThat(fetched.offsets()).isEmpty();
  }

  private static GroupWorld withDelay() {
    return new GroupWorld(
        new ClassicSettings(6_000, 1_800_000, DELAY_MS, GroupWorld.MEMBERS_MAX),
        MigrationPolicy.BIDIRECTIONAL,
        0);
  }

  private List<String> stable(int count) {
    List<CompletableFuture<JoinGroupResponseData>> joins = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      CompletableFuture<JoinGroupResponseData> joined = joinNew();
      joins.stream().map(each -> each.join().memberId()).forEach(id -> join(id, null));
      joins.add(joined);
    }
    List<String> ids = joins.stream().map(each -> each.join().memberId()).toList();
    ids.forEach(id -> sync(id, count, ids.toArray(String[]::new)));
    return ids;
  }

  private CompletableFuture<JoinGroupResponseData> joinNew() {
    return join(join("", null).join().memberId(), null);
  }

  private static JoinGroupRequestData request(String memberId, @Nullable String instance) {
    JoinGroupRequestProtocolCollection protocols = new JoinGroupRequestProtocolCollection();
    protocols.add(new JoinGroupRequestProtocol().setName("range").setMetadata(new byte[] {1, 2}));
    return new JoinGroupRequestData()
        .setGroupId("g")
        .setMemberId(memberId)
        .setGroupInstanceId(instance)
        .setSessionTimeoutMs(SESSION_MS)
        .setRebalanceTimeoutMs(REBALANCE_MS)
        .setProtocolType("consumer")
        .setProtocols(protocols);
  }

  private CompletableFuture<JoinGroupResponseData> join(
      String memberId, @Nullable String instance) {
    return world.call((shard, out, reply) ->
        shard.join(GroupWorld.CALLER, request(memberId, instance), out, reply));
  }

  private CompletableFuture<SyncGroupResponseData> sync(
      String memberId, int generation, String... assigned) {
    List<SyncGroupRequestAssignment> assignments = new ArrayList<>();
    for (String each : assigned) {
      assignments.add(
          new SyncGroupRequestAssignment()
              .setMemberId(each)
              .setAssignment(each.getBytes(StandardCharsets.UTF_8)));
    }
    return world.call((shard, out, reply) ->
        shard.sync(
            new SyncGroupRequestData()
                .setGroupId("g")
                .setMemberId(memberId)
                .setGenerationId(generation)
                .setAssignments(assignments),
            out,
            reply));
  }

  private Errors heartbeat(String memberId, int generation) {
    return world
        .<Errors>call((shard, out, reply) ->
            shard.heartbeat(
                new HeartbeatRequestData()
                    .setGroupId("g")
                    .setMemberId(memberId)
                    .setGenerationId(generation),
                out,
                reply))
        .join();
  }

  private Errors leave(MemberIdentity identity) {
    return Errors.forCode(
        world
            .<List<MemberResponse>>call(
                (shard, out, reply) -> shard.leave("g", List.of(identity), out, reply))
            .join()
            .getFirst()
            .errorCode());
  }

  private DescribedGroup describe() {
    return world
        .<DescribedGroup>call((shard, out, reply) -> shard.describe("g", out, reply))
        .join();
  }
}
