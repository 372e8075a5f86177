package io.millrace.coordinator.group;

import static io.millrace.coordinator.group.GroupWorld.alive;
import static io.millrace.coordinator.group.GroupWorld.assigned;
import static io.millrace.coordinator.group.GroupWorld.join;
import static io.millrace.coordinator.group.GroupWorld.owning;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.coordinator.group.consumer.MigrationPolicy;
import io.millrace.coordinator.group.offset.FetchedOffset;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ConsumerGroupDescribeResponseData.Member;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatResponseData;
import org.apache.kafka.common.message.LeaveGroupRequestData.MemberIdentity;
import org.apache.kafka.common.message.LeaveGroupResponseData.MemberResponse;
import org.apache.kafka.common.message.ListGroupsResponseData.ListedGroup;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.Test;

class ConsumerGroupTest {
  private final GroupWorld world = new GroupWorld();
  private final Uuid topic = world.topic("t", 6);

  @Test
  void theFirstMemberIsAssignedEverythingAtOnce() {
    ConsumerGroupHeartbeatResponseData answer = world.heartbeat(join("a", "t"));

    assertThat(answer.errorCode()).isEqualTo(Errors.NONE.code());
    assertThat(answer.memberEpoch()).isEqualTo(2);
    assertThat(answer.heartbeatIntervalMs()).isEqualTo(5_000);
    assertThat(assigned(answer, topic)).containsExactly(0, 1, 2, 3, 4, 5);
    assertThat(world.describe().groupState()).isEqualTo("Stable");
  }

  @Test
  void aMemberMayJoinBeforeItSubscribesToATopic() {
    ConsumerGroupHeartbeatResponseData joined = world.heartbeat(join("a"));

    assertThat(joined.errorCode()).isEqualTo(Errors.NONE.code());
    assertThat(assigned(joined, topic)).isEmpty();
    ConsumerGroupHeartbeatResponseData subscribed =
        world.heartbeat(alive("a", joined.memberEpoch()).setSubscribedTopicNames(List.of("t")));
    assertThat(assigned(subscribed, topic)).hasSize(6);
  }

  @Test
  void onlyWhatMovesIsRevokedAndGivenOnlyAfterItWasLetGo() {
    world.heartbeat(join("a", "t"));

    ConsumerGroupHeartbeatResponseData second = world.heartbeat(join("b", "t"));
    assertThat(second.memberEpoch()).isEqualTo(3);
    assertThat(assigned(second, topic)).isEmpty();

    ConsumerGroupHeartbeatResponseData revoke = world.heartbeat(alive("a", 2));
    assertThat(revoke.memberEpoch()).isEqualTo(2);
    assertThat(assigned(revoke, topic)).containsExactly(0, 1, 2);
    assertThat(world.heartbeat(alive("b", 3)).assignment()).isNull();
    assertThat(world.describe().groupState()).isEqualTo("Reconciling");

    ConsumerGroupHeartbeatResponseData revoked =
        world.heartbeat(alive("a", 2).setTopicPartitions(owning(topic, 0, 1, 2)));
    assertThat(revoked.memberEpoch()).isEqualTo(3);
    assertThat(assigned(world.heartbeat(alive("b", 3)), topic)).containsExactly(3, 4, 5);
    assertThat(world.describe().groupState()).isEqualTo("Stable");
  }

  @Test
  void aMemberThatStillUsesWhatItMustGiveUpBlocksTheOther() {
    world.heartbeat(join("a", "t"));
    world.heartbeat(join("b", "t"));
    world.heartbeat(alive("a", 2));

    ConsumerGroupHeartbeatResponseData still =
        world.heartbeat(alive("a", 2).setTopicPartitions(owning(topic, 0, 1, 2, 3)));

    assertThat(still.memberEpoch()).isEqualTo(2);
    assertThat(world.heartbeat(alive("b", 3)).assignment()).isNull();
  }

  @Test
  void aMemberThatKeepsWhatItMustGiveUpIsRemovedAtTheRebalanceTimeout() {
    world.heartbeat(join("a", "t"));
    world.heartbeat(join("b", "t"));
    world.heartbeat(alive("a", 2));
    for (int waitedMs = 0; waitedMs < GroupWorld.REBALANCE_MS + 2_000; waitedMs += 5_000) {
      world.heartbeat(alive("a", 2));
      world.heartbeat(alive("b", 3));
      world.harness.pass(5_000);
    }

    assertThat(world.heartbeat(alive("a", 2)).errorCode())
        .isEqualTo(Errors.UNKNOWN_MEMBER_ID.code());
    assertThat(world.describe().members()).hasSize(1);
    assertThat(owned("b")).hasSize(6);
  }

  @Test
  void aSilentMemberIsRemovedAndTheOthersGetWhatItHad() {
    world.heartbeat(join("a", "t"));
    world.heartbeat(join("b", "t"));
    for (int i = 0; i < 11; i++) {
      world.harness.pass(5_000);
      world.heartbeat(alive("b", epoch("b")));
    }

    assertThat(world.heartbeat(alive("a", 2)).errorCode())
        .isEqualTo(Errors.UNKNOWN_MEMBER_ID.code());
    assertThat(owned("b")).hasSize(6);
  }

  @Test
  void epochsFence() {
    world.heartbeat(join("a", "t"));

    assertThat(world.heartbeat(alive("a", 3)).errorCode())
        .isEqualTo(Errors.FENCED_MEMBER_EPOCH.code());
    assertThat(world.heartbeat(alive("x", 2)).errorCode())
        .isEqualTo(Errors.UNKNOWN_MEMBER_ID.code());
    assertThat(world.heartbeat(alive("a", 2)).errorCode()).isEqualTo(Errors.NONE.code());
  }

  @Test
  void aMemberWhoseAnswerGotLostGoesOnFromThePreviousEpoch() {
    world.heartbeat(join("a", "t"));
    world.heartbeat(join("b", "t"));
    world.heartbeat(alive("a", 2));
    world.heartbeat(alive("a", 2).setTopicPartitions(owning(topic, 0, 1, 2)));

    ConsumerGroupHeartbeatRequestData again =
        alive("a", 2).setTopicPartitions(owning(topic, 0, 1, 2));
    assertThat(world.heartbeat(again).memberEpoch()).isEqualTo(3);
    assertThat(world.heartbeat(alive("a", 2)).errorCode())
        .isEqualTo(Errors.FENCED_MEMBER_EPOCH.code());
    assertThat(world.heartbeat(alive("a", 2).setTopicPartitions(owning(topic, 0, 5))).errorCode())
        .isEqualTo(Errors.FENCED_MEMBER_EPOCH.code());
  }

  @Test
  void aMemberThatJoinsAgainOwnsNothingUntilItIsToldSo() {
    world.heartbeat(join("a", "t"));
    world.heartbeat(join("b", "t"));
    world.heartbeat(alive("a", 2));

    ConsumerGroupHeartbeatResponseData again = world.heartbeat(join("a", "t"));

    assertThat(again.memberEpoch()).isEqualTo(3);
    assertThat(assigned(again, topic)).containsExactly(0, 1, 2);
    assertThat(assigned(world.heartbeat(alive("b", 3)), topic)).containsExactly(3, 4, 5);
  }

  @Test
  void leavingHandsOverAtOnce() {
    world.heartbeat(join("a", "t"));
    world.heartbeat(join("b", "t"));

    assertThat(world.heartbeat(alive("a", -1)).memberEpoch()).isEqualTo(-1);

    assertThat(assigned(world.heartbeat(alive("b", 3)), topic)).hasSize(6);
    assertThat(world.heartbeat(alive("a", -1)).errorCode())
        .isEqualTo(Errors.UNKNOWN_MEMBER_ID.code());
  }

  @Test
  void aStaticMemberThatIsBackKeepsItsPartitionsUnderANewId() {
    world.heartbeat(join("a", "t").setInstanceId("i"));
    world.heartbeat(join("b", "t"));
    world.heartbeat(alive("a", 2).setInstanceId("i"));
    world.heartbeat(alive("a", 2).setInstanceId("i").setTopicPartitions(owning(topic, 0, 1, 2)));

    assertThat(world.heartbeat(join("a2", "t").setInstanceId("i")).errorCode())
        .isEqualTo(Errors.UNRELEASED_INSTANCE_ID.code());
    assertThat(world.heartbeat(alive("a", -2).setInstanceId("i")).memberEpoch()).isEqualTo(-2);
    ConsumerGroupHeartbeatResponseData back = world.heartbeat(join("a2", "t").setInstanceId("i"));

    assertThat(back.memberEpoch()).isEqualTo(3);
    assertThat(assigned(back, topic)).containsExactly(0, 1, 2);
    assertThat(world.describe().groupEpoch()).isEqualTo(3);
    assertThat(world.heartbeat(alive("a", 3).setInstanceId("i")).errorCode())
        .isEqualTo(Errors.FENCED_INSTANCE_ID.code());
    assertThat(world.heartbeat(alive("a2", 3).setInstanceId("x")).errorCode())
        .isEqualTo(Errors.UNKNOWN_MEMBER_ID.code());
  }

  @Test
  void aStaticMemberThatDoesNotComeBackIsRemovedAfterItsSession() {
    world.heartbeat(join("a", "t").setInstanceId("i"));
    world.heartbeat(alive("a", -2).setInstanceId("i"));

    world.harness.pass(GroupWorld.SESSION_MS + 1_000);

    assertThat(world.describe().groupState()).isEqualTo("Empty");
  }

  @Test
  void newPartitionsAndNewTopicsAreAssignedWithTheNextHeartbeat() {
    world.heartbeat(join("a", "t", "later"));
    world.topic("t", 8);
    assertThat(assigned(world.heartbeat(alive("a", 2)), topic)).hasSize(8);

    Uuid later = world.topic("later", 2);
    assertThat(assigned(world.heartbeat(alive("a", 3)), later)).containsExactly(0, 1);
  }

  @Test
  void aDeletedTopicIsTakenAwayAndItsSuccessorIsAnother() {
    world.heartbeat(join("a", "t"));
    world.deleteTopic("t");
    ConsumerGroupHeartbeatResponseData gone = world.heartbeat(alive("a", 2));
    assertThat(gone.assignment().topicPartitions()).isEmpty();
    world.heartbeat(alive("a", 2).setTopicPartitions(List.of()));

    Uuid successor = world.topic("t", 1);
    assertThat(assigned(world.heartbeat(alive("a", epoch("a"))), successor)).containsExactly(0);
  }

  @Test
  void whatIsNotSubscribedToAnyMoreIsRevokedAndOthersAreNotTouched() {
    Uuid other = world.topic("u", 2);
    world.heartbeat(join("a", "t", "u"));

    ConsumerGroupHeartbeatResponseData answer =
        world.heartbeat(
            alive("a", 2)
                .setSubscribedTopicNames(List.of("u"))
                .setTopicPartitions(owning(topic, 0)));

    assertThat(assigned(answer, topic)).isEmpty();
    assertThat(assigned(answer, other)).containsExactly(0, 1);
    assertThat(answer.memberEpoch()).isEqualTo(2);
    assertThat(world.heartbeat(alive("a", 2).setTopicPartitions(owning(other, 0, 1))).memberEpoch())
        .isEqualTo(3);
  }

  @Test
  void patternsAreMatchedByTheBrokerAndFollowTheTopics() {
    Uuid orders = world.topic("orders-eu", 1);
    ConsumerGroupHeartbeatResponseData answer =
        world.heartbeat(
            join("a").setSubscribedTopicNames(null).setSubscribedTopicRegex("orders-.*"));
    assertThat(assigned(answer, orders)).containsExactly(0);
    assertThat(assigned(answer, topic)).isEmpty();

    Uuid more = world.topic("orders-us", 1);
    assertThat(assigned(world.heartbeat(alive("a", 2)), more)).containsExactly(0);

    world.harness.reload();
    assertThat(world.describe().members().getFirst().subscribedTopicRegex()).isEqualTo("orders-.*");
    assertThat(world.heartbeat(alive("a", 3)).memberEpoch()).isEqualTo(3);
  }

  @Test
  void aPatternThatIsNoneIsRefused() {
    ConsumerGroupHeartbeatResponseData answer =
        world.heartbeat(join("a").setSubscribedTopicRegex("orders-["));

    assertThat(answer.errorCode()).isEqualTo(Errors.INVALID_REGULAR_EXPRESSION.code());
    assertThat(answer.errorMessage()).contains("orders-[");
    assertThat(world.describe().errorCode()).isEqualTo(Errors.GROUP_ID_NOT_FOUND.code());
  }

  @Test
  void requestsThatMakeNoSenseAreRefused() {
    assertThat(error(join("", "t"))).isEqualTo(Errors.INVALID_REQUEST);
    assertThat(error(join("a", "t").setGroupId(""))).isEqualTo(Errors.INVALID_REQUEST);
    assertThat(error(join("a", "t").setInstanceId(""))).isEqualTo(Errors.INVALID_REQUEST);
    assertThat(error(join("a", "t").setRackId(""))).isEqualTo(Errors.INVALID_REQUEST);
    assertThat(error(join("a", "t").setRebalanceTimeoutMs(-1))).isEqualTo(Errors.INVALID_REQUEST);
    assertThat(error(join("a", "t").setTopicPartitions(null))).isEqualTo(Errors.INVALID_REQUEST);
    assertThat(error(join("a", "t").setTopicPartitions(owning(topic, 0))))
        .isEqualTo(Errors.INVALID_REQUEST);
    assertThat(error(join("a", "t").setSubscribedTopicNames(null)))
        .isEqualTo(Errors.INVALID_REQUEST);
    assertThat(error(alive("a", -3))).isEqualTo(Errors.INVALID_REQUEST);
    assertThat(error(alive("a", -2))).isEqualTo(Errors.INVALID_REQUEST);
    assertThat(error(join("a", "t").setServerAssignor("own")))
        .isEqualTo(Errors.UNSUPPORTED_ASSIGNOR);
    assertThat(error(alive("a", 2))).isEqualTo(Errors.GROUP_ID_NOT_FOUND);
    assertThat(error(alive("a", -1))).isEqualTo(Errors.GROUP_ID_NOT_FOUND);
  }

  @Test
  void aGroupTakesNoMoreThanItsLimit() {
    for (int i = 0; i < GroupWorld.MEMBERS_MAX; i++) {
      assertThat(error(join("m" + i, "t"))).isEqualTo(Errors.NONE);
    }

    assertThat(error(join("one-more", "t"))).isEqualTo(Errors.GROUP_MAX_SIZE_REACHED);
    assertThat(error(join("m0", "t"))).isEqualTo(Errors.NONE);
  }

  @Test
  void theAssignorMostMembersAskForIsUsed() {
    world.heartbeat(join("a", "t").setServerAssignor("range"));

    assertThat(world.describe().assignorName()).isEqualTo("range");
    world.heartbeat(alive("a", 2).setServerAssignor("uniform"));
    assertThat(world.describe().assignorName()).isEqualTo("uniform");
  }

  @Test
  void membersThatComeOneAfterTheOtherShareAnAssignment() {
    GroupWorld patient = new GroupWorld(MigrationPolicy.BIDIRECTIONAL, 1_000);
    Uuid t = patient.topic("t", 4);
    assertThat(assigned(patient.heartbeat(join("a", "t")), t)).hasSize(4);

    ConsumerGroupHeartbeatResponseData second = patient.heartbeat(join("b", "t"));
    ConsumerGroupHeartbeatResponseData third = patient.heartbeat(join("c", "t"));
    assertThat(second.memberEpoch()).isEqualTo(2);
    assertThat(third.memberEpoch()).isEqualTo(2);
    assertThat(patient.describe().groupState()).isEqualTo("Assigning");

    patient.harness.pass(1_000);
    assertThat(patient.heartbeat(alive("c", 2)).memberEpoch()).isEqualTo(4);
    assertThat(patient.describe().assignmentEpoch()).isEqualTo(4);
  }

  @Test
  void noEpochLeavesBeforeItIsDurable() {
    world.harness.log.hold();

    CompletableFuture<ConsumerGroupHeartbeatResponseData> answer =
        world.call(
            (shard, out, reply) -> shard.heartbeat(GroupWorld.CALLER, join("a", "t"), out, reply));
    assertThat(answer).isNotDone();
    world.harness.log.letGo();

    assertThat(answer.join().memberEpoch()).isEqualTo(2);
  }

  @Test
  void aQuietHeartbeatWritesNothing() {
    world.heartbeat(join("a", "t"));
    long end = world.harness.log.highWatermark();

    world.heartbeat(alive("a", 2));
    world.heartbeat(alive("a", 2));

    assertThat(world.harness.log.highWatermark()).isEqualTo(end);
  }

  @Test
  void loadedMembersGoOnAndSilentOnesExpire() {
    world.heartbeat(join("a", "t"));
    world.heartbeat(join("b", "t"));
    world.harness.reload();

    assertThat(world.heartbeat(alive("b", 3)).memberEpoch()).isEqualTo(3);
    world.harness.pass(GroupWorld.SESSION_MS - 1_000);
    assertThat(world.heartbeat(alive("b", 3)).errorCode()).isEqualTo(Errors.NONE.code());
    world.harness.pass(2_000);

    assertThat(world.heartbeat(alive("a", 2)).errorCode())
        .isEqualTo(Errors.UNKNOWN_MEMBER_ID.code());
  }

  @Test
  void membersCommitAndFetchAtTheirEpoch() {
    world.heartbeat(join("a", "t"));

    assertThat(world.commit("a", 2, topic, 0, 7)).isEqualTo(Errors.NONE);
    assertThat(world.commit("a", 3, topic, 0, 8)).isEqualTo(Errors.STALE_MEMBER_EPOCH);
    assertThat(world.commit("x", 2, topic, 0, 8)).isEqualTo(Errors.UNKNOWN_MEMBER_ID);
    assertThat(world.commit("", -1, topic, 0, 8)).isEqualTo(Errors.UNKNOWN_MEMBER_ID);
    assertThat(world.fetch("a", 2, topic, 0).error()).isEqualTo(Errors.NONE);
    assertThat(world.fetch("a", 3, topic, 0).error()).isEqualTo(Errors.STALE_MEMBER_EPOCH);
    assertThat(world.fetch("x", 2, topic, 0).error()).isEqualTo(Errors.UNKNOWN_MEMBER_ID);
    assertThat(((FetchedOffset.Found) world.offset(topic, 0)).offset()).isEqualTo(7);
  }

  @Test
  void aMemberThatIsBehindCommitsWhatItStillHas() {
    world.heartbeat(join("a", "t"));
    world.heartbeat(join("b", "t"));
    world.heartbeat(alive("a", 2));
    world.heartbeat(alive("a", 2).setTopicPartitions(owning(topic, 0, 1, 2)));
    world.heartbeat(alive("b", 3));

    assertThat(world.commit("a", 2, topic, 0, 7)).isEqualTo(Errors.NONE);
    assertThat(world.commit("a", 2, topic, 3, 7)).isEqualTo(Errors.STALE_MEMBER_EPOCH);
    assertThat(world.commit("b", 2, topic, 3, 7)).isEqualTo(Errors.STALE_MEMBER_EPOCH);
  }

  @Test
  void administratorsTakeMembersOutAndOneAssignmentDealsWithThemAll() {
    world.heartbeat(join("a", "t").setInstanceId("i"));
    world.heartbeat(join("b", "t"));
    world.heartbeat(join("c", "t"));

    List<MemberResponse> answers =
        world
            .<List<MemberResponse>>call((shard, out, reply) ->
                shard.leave(
                    "g",
                    List.of(
                        new MemberIdentity().setGroupInstanceId("i"),
                        new MemberIdentity().setMemberId("b"),
                        new MemberIdentity().setMemberId("x")),
                    out,
                    reply))
            .join();

    assertThat(answers)
        .extracting(each -> Errors.forCode(each.errorCode()))
        .containsExactly(Errors.NONE, Errors.NONE, Errors.UNKNOWN_MEMBER_ID);
    assertThat(world.describe().groupEpoch()).isEqualTo(5);
    assertThat(world.describe().members()).hasSize(1);
  }

  @Test
  void consumerGroupsAreListedAndDescribedAsSuch() {
    world.heartbeat(join("a", "t").setRackId("r"));

    ListedGroup listed = world.<List<ListedGroup>>call(GroupShard::list).join().getFirst();
    assertThat(listed.groupType()).isEqualTo("consumer");
    assertThat(listed.groupState()).isEqualTo("Stable");
    assertThat(listed.protocolType()).isEqualTo("consumer");
    assertThat(world.describe().members().getFirst().memberType()).isEqualTo((byte) 1);
    assertThat(world.describe().members().getFirst().rackId()).isEqualTo("r");
    assertThat(
            world
                .<org.apache.kafka.common.message.DescribeGroupsResponseData.DescribedGroup>call(
                    (shard, out, reply) -> shard.describe("g", out, reply))
                .join()
                .errorCode())
        .isEqualTo(Errors.GROUP_ID_NOT_FOUND.code());
  }

  private Member described(String memberId) {
    return world.describe().members().stream()
        .filter(each -> each.memberId().equals(memberId))
        .findFirst()
        .orElseThrow();
  }

  private int epoch(String memberId) {
    return described(memberId).memberEpoch();
  }

  private List<Integer> owned(String memberId) {
    return described(memberId).assignment().topicPartitions().getFirst().partitions();
  }

  private Errors error(ConsumerGroupHeartbeatRequestData request) {
    return Errors.forCode(world.heartbeat(request).errorCode());
  }
}
