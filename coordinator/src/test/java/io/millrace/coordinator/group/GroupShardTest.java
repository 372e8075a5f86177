package io.millrace.coordinator.group;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.coordinator.ShardHarness;
import io.millrace.coordinator.group.GroupShard.Fetched;
import io.millrace.coordinator.group.classic.ClassicSettings;
import io.millrace.coordinator.group.consumer.ConsumerSettings;
import io.millrace.coordinator.group.consumer.MigrationPolicy;
import io.millrace.coordinator.group.offset.FetchedOffset;
import io.millrace.coordinator.group.offset.FetchedOffset.Found;
import io.millrace.coordinator.group.offset.OffsetCommit;
import io.millrace.coordinator.group.offset.Offsets.Wanted;
import io.millrace.storage.metadata.MetadataImage;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.KafkaStorageException;
import org.apache.kafka.common.errors.NotCoordinatorException;
import org.apache.kafka.common.errors.NotLeaderOrFollowerException;
import org.apache.kafka.common.message.DescribeGroupsResponseData.DescribedGroup;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.JoinGroupRequestData.JoinGroupRequestProtocol;
import org.apache.kafka.common.message.JoinGroupRequestData.JoinGroupRequestProtocolCollection;
import org.apache.kafka.common.message.JoinGroupResponseData;
import org.apache.kafka.common.message.LeaveGroupRequestData.MemberIdentity;
import org.apache.kafka.common.message.LeaveGroupResponseData.MemberResponse;
import org.apache.kafka.common.message.ListGroupsResponseData.ListedGroup;
import org.apache.kafka.common.message.SyncGroupRequestData;
import org.apache.kafka.common.message.SyncGroupRequestData.SyncGroupRequestAssignment;
import org.apache.kafka.common.message.SyncGroupResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class GroupShardTest {
  private static final short VERSION = 9;
  private static final int SESSION_MS = 10_000;
  private static final int REBALANCE_MS = 30_000;
  private static final GroupCaller CALLER = new GroupCaller("client", "/h", VERSION);
  private static final long RETENTION_MS = 86_400_000;
  private static final long RETENTION_CHECK_MS = 600_000;
  private static final Uuid TOPIC_ID = new Uuid(1, 2);

  private final ShardHarness<GroupShard> harness =
      new ShardHarness<>((environment, log) ->
          new GroupShard(
              new GroupSettings(
                  new ClassicSettings(6_000, 1_800_000, 0, 3),
                  new ConsumerSettings(List.of("uniform"), 3, MigrationPolicy.BIDIRECTIONAL),
                  16,
                  RETENTION_MS,
                  RETENTION_CHECK_MS),
              _ -> new ConsumerSettings.OfGroup(45_000, 5_000, 0),
              log,
              environment.clock(),
              environment.randomness(),
              () -> MetadataImage.EMPTY));

  @Test
  void aFirstJoinIsGivenAMemberIdToComeBackWith() {
    JoinGroupResponseData first = join("", null).join();

    assertThat(first.errorCode()).isEqualTo(Errors.MEMBER_ID_REQUIRED.code());
    assertThat(first.memberId()).startsWith("client-");
    JoinGroupResponseData second = join(first.memberId(), null).join();
    assertThat(second.errorCode()).isEqualTo(Errors.NONE.code());
    assertThat(second.leader()).isEqualTo(first.memberId());
    assertThat(second.generationId()).isEqualTo(1);
  }

  @Test
  void aBugInOneEventEndsTheShardAndNobodyWaitsForEver() {
    CompletableFuture<Errors> failed =
        harness.call((shard, out, reply) -> {
          throw new IllegalStateException("a bug");
        });

    assertThat(failed).isCompletedExceptionally();
    assertThatThrownBy(failed::join).hasCauseInstanceOf(NotCoordinatorException.class);
  }

  @Test
  void aMemberWhoseNamesNoRecordCanHoldIsRefused() {
    String name = "n".repeat(Short.MAX_VALUE);
    CompletableFuture<JoinGroupResponseData> answer =
        harness.call((shard, out, reply) ->
            shard.join(
                new GroupCaller(name, "/h", VERSION), joinRequest("", null, "range"), out, reply));

    assertThat(answer.join().errorCode()).isEqualTo(Errors.INVALID_REQUEST.code());
  }

  @Test
  void aSecondMemberWaitsUntilTheFirstRejoins() {
    String leader = stableMember();
    CompletableFuture<JoinGroupResponseData> second = joinNew();
    assertThat(second).isNotDone();

    assertThat(heartbeat(leader, 1)).isEqualTo(Errors.REBALANCE_IN_PROGRESS);
    JoinGroupResponseData rejoined = join(leader, null).join();

    assertThat(rejoined.generationId()).isEqualTo(2);
    assertThat(rejoined.members()).hasSize(2);
    assertThat(second.join().generationId()).isEqualTo(2);
    assertThat(second.join().members()).isEmpty();
  }

  @Test
  void followersGetTheLeadersAssignment() {
    String leader = stableMember();
    CompletableFuture<JoinGroupResponseData> second = joinNew();
    join(leader, null).join();
    String follower = second.join().memberId();

    CompletableFuture<SyncGroupResponseData> waiting = sync(follower, 2, List.of());
    assertThat(waiting).isNotDone();
    sync(leader, 2, List.of(assignment(leader, "L"), assignment(follower, "F"))).join();

    assertThat(new String(waiting.join().assignment(), StandardCharsets.UTF_8)).isEqualTo("F");
    assertThat(describe().groupState()).isEqualTo("Stable");
  }

  @Test
  void noAssignmentLeavesBeforeItIsDurable() {
    String leader = joinNew().join().memberId();
    harness.log.hold();

    CompletableFuture<SyncGroupResponseData> answer =
        sync(leader, 1, List.of(assignment(leader, "L")));
    assertThat(answer).isNotDone();
    harness.log.letGo();

    assertThat(answer.join().errorCode()).isEqualTo(Errors.NONE.code());
  }

  @Test
  void aSilentMemberLosesItsPlaceAfterItsSession() {
    String member = stableMember();

    harness.pass(SESSION_MS + 1_000);

    assertThat(heartbeat(member, 1)).isEqualTo(Errors.UNKNOWN_MEMBER_ID);
    assertThat(describe().groupState()).isEqualTo("Empty");
  }

  @Test
  void heartbeatsKeepAMemberIn() {
    String member = stableMember();
    for (int i = 0; i < 5; i++) {
      harness.pass(SESSION_MS - 1_000);
      assertThat(heartbeat(member, 1)).isEqualTo(Errors.NONE);
    }
  }

  @Test
  void aMemberThatDoesNotRejoinIsDroppedAtTheRebalanceTimeout() {
    String slow = stableMember();
    CompletableFuture<JoinGroupResponseData> second = joinNew();
    long waited = 0;
    while (waited < REBALANCE_MS + 1_000) {
      heartbeat(slow, 1);
      harness.pass(SESSION_MS / 2);
      waited += SESSION_MS / 2;
    }

    assertThat(second.join().members()).hasSize(1);
    assertThat(heartbeat(slow, 1)).isEqualTo(Errors.UNKNOWN_MEMBER_ID);
  }

  @Test
  void aLeavingMemberStartsARebalanceForTheOthers() {
    String leader = stableMember();
    CompletableFuture<JoinGroupResponseData> second = joinNew();
    join(leader, null).join();
    String follower = second.join().memberId();
    sync(leader, 2, List.of(assignment(leader, "L"), assignment(follower, "F"))).join();

    assertThat(leave(new MemberIdentity().setMemberId(leader))).isEqualTo(Errors.NONE);

    assertThat(heartbeat(follower, 2)).isEqualTo(Errors.REBALANCE_IN_PROGRESS);
    JoinGroupResponseData rejoined = join(follower, null).join();
    assertThat(rejoined.leader()).isEqualTo(follower);
  }

  @Test
  void aRestartedStaticMemberTakesItsPlaceWithoutARebalance() {
    JoinGroupResponseData first = join("", "instance").join();
    sync(first.memberId(), 1, List.of(assignment(first.memberId(), "S"))).join();

    JoinGroupResponseData second = join("", "instance").join();

    assertThat(second.generationId()).isEqualTo(1);
    assertThat(second.memberId()).isNotEqualTo(first.memberId());
    assertThat(second.skipAssignment()).isTrue();
    SyncGroupResponseData synced = sync(second.memberId(), 1, List.of()).join();
    assertThat(new String(synced.assignment(), StandardCharsets.UTF_8)).isEqualTo("S");
    assertThat(heartbeat(first.memberId(), "instance", 1)).isEqualTo(Errors.FENCED_INSTANCE_ID);
  }

  @Test
  void aGroupTakesNoMoreThanItsLimit() {
    String leader = stableMember();
    for (int i = 0; i < 2; i++) {
      joinNew();
    }
    join(leader, null).join();

    assertThat(join("", null).join().errorCode()).isEqualTo(Errors.GROUP_MAX_SIZE_REACHED.code());
  }

  @Test
  void protocolsMustHaveOneInCommon() {
    stableMember();

    JoinGroupResponseData other =
        harness
            .<JoinGroupResponseData>call((shard, out, reply) ->
                shard.join(CALLER, joinRequest("", null, "other"), out, reply))
            .join();

    assertThat(other.errorCode()).isEqualTo(Errors.INCONSISTENT_GROUP_PROTOCOL.code());
  }

  @Test
  void membersAndOffsetsSurviveAReload() {
    String member = stableMember();
    commit(member, 1, 42, "m");

    harness.reload();

    DescribedGroup group = describe();
    assertThat(group.groupState()).isEqualTo("Stable");
    assertThat(group.members().getFirst().memberId()).isEqualTo(member);
    assertThat(heartbeat(member, 1)).isEqualTo(Errors.NONE);
    Found found = Objects.requireNonNull(fetch(TOPIC_ID));
    assertThat(found.offset()).isEqualTo(42);
    assertThat(found.metadata()).isEqualTo("m");
  }

  @Test
  void aLoadedMemberThatStaysSilentExpiresToo() {
    stableMember();
    harness.reload();

    harness.pass(SESSION_MS + 1_000);

    assertThat(describe().groupState()).isEqualTo("Empty");
  }

  @Test
  void onlyMembersOfTheRightGenerationCommitToALiveGroup() {
    String member = stableMember();

    assertThat(commit("", -1, 5, "")).isEqualTo(Errors.UNKNOWN_MEMBER_ID);
    assertThat(commit(member, 0, 5, "")).isEqualTo(Errors.ILLEGAL_GENERATION);
    assertThat(commit("stranger", 1, 5, "")).isEqualTo(Errors.UNKNOWN_MEMBER_ID);
    assertThat(fetch(TOPIC_ID)).isNull();
    assertThat(commit(member, 1, 5, "")).isEqualTo(Errors.NONE);
  }

  @Test
  void aCommitIsAnsweredWhenItIsDurable() {
    harness.log.hold();

    CompletableFuture<List<Errors>> answer = commitAsync("", -1, 5, "");
    assertThat(answer).isNotDone();
    harness.log.letGo();

    assertThat(answer.join()).containsExactly(Errors.NONE);
  }

  @Test
  void aReadWaitsForWhatItHasRead() {
    harness.log.hold();
    commitAsync("", -1, 5, "");

    CompletableFuture<Fetched> read = fetchAsync(TOPIC_ID);
    assertThat(read).isNotDone();
    harness.log.letGo();

    assertThat(read.join().offsets().getFirst()).isInstanceOf(FetchedOffset.Found.class);
  }

  @Test
  void aFailedAppendEndsTheShardAndItsCallers() {
    harness.log.hold();
    CompletableFuture<List<Errors>> answer = commitAsync("", -1, 5, "");

    harness.log.failHeld(new KafkaStorageException("ended"));
    harness.settle();

    assertThatThrownBy(answer::join).hasCauseInstanceOf(NotCoordinatorException.class);
    assertThatThrownBy(commitAsync("", -1, 6, "")::join)
        .hasCauseInstanceOf(NotCoordinatorException.class);
  }

  @Test
  void aReadIsAnsweredOnlyOnceLeadershipIsProven() {
    stableMember();
    harness.log.holdAll();

    CompletableFuture<DescribedGroup> proven = describeAsync();
    assertThat(proven).isNotDone();
    harness.log.letGo();
    assertThat(proven.join().groupState()).isEqualTo("Stable");

    harness.log.holdAll();
    CompletableFuture<DescribedGroup> unproven = describeAsync();
    harness.log.failProofs(new NotLeaderOrFollowerException("fenced"));
    harness.settle();
    assertThatThrownBy(unproven::join).hasCauseInstanceOf(NotCoordinatorException.class);
  }

  @Test
  void aHeartbeatIsServedByAProofOfTheLastThirdOfItsSession() {
    String member = stableMember();
    int asked = harness.log.proofsAsked();
    harness.pass(SESSION_MS / 3 - 500);

    assertThat(heartbeat(member, 1)).isEqualTo(Errors.NONE);
    assertThat(harness.log.proofsAsked()).isEqualTo(asked);
    harness.pass(1_000);
    assertThat(heartbeat(member, 1)).isEqualTo(Errors.NONE);

    assertThat(harness.log.proofsAsked()).isEqualTo(asked + 1);
  }

  @Test
  void aStrangersHeartbeatIsRefusedOnlyWithAProof() {
    stableMember();
    harness.log.holdAll();

    CompletableFuture<Errors> answer = heartbeatAsync("stranger", null, 1);

    assertThat(answer).isNotDone();
  }

  @Test
  void sessionsOutliveAnOutageOfTheStoreByItsLength() {
    String member = stableMember();
    harness.pass(SESSION_MS / 2);
    harness.log.holdAll();
    CompletableFuture<Errors> heldBack = heartbeatAsync(member, null, 1);
    harness.pass(60_000);
    assertThat(heldBack).isNotDone();

    harness.log.letGo();
    harness.pass(SESSION_MS);

    assertThat(heldBack.join()).isEqualTo(Errors.NONE);
    assertThat(heartbeat(member, 1)).isEqualTo(Errors.NONE);
    harness.pass(SESSION_MS + 1_000);
    assertThat(heartbeat(member, 1)).isEqualTo(Errors.UNKNOWN_MEMBER_ID);
  }

  @Test
  void nobodyIsRemovedBeforeLeadershipIsProven() {
    String member = stableMember();
    harness.log.holdAll();
    harness.pass(SESSION_MS + 2_000);
    CompletableFuture<Errors> late = heartbeatAsync(member, null, 1);

    harness.log.letGo();
    harness.settle();

    assertThat(late.join()).isEqualTo(Errors.NONE);
  }

  @Test
  void offsetsOfADeletedTopicDoNotAnswerForItsSuccessor() {
    commit("", -1, 5, "");

    assertThat(fetch(new Uuid(9, 9))).isNull();
    harness.call((shard, out, reply) -> {
      shard.topicDeleted(out);
      out.reply(reply, true);
    });
    harness.reload();

    assertThat(fetch(TOPIC_ID)).isNull();
  }

  @Test
  void tooMuchCommitMetadataIsRefused() {
    assertThat(commit("", -1, 5, "x".repeat(17))).isEqualTo(Errors.OFFSET_METADATA_TOO_LARGE);
    assertThat(commit("", -1, 5, "x".repeat(16))).isEqualTo(Errors.NONE);
  }

  @Test
  void groupsOfMembersAndOfOffsetsAreListed() {
    stableMember();
    harness
        .<List<Errors>>call((shard, out, reply) ->
            shard.commit(
                "offsets-only", new Committer("", null, -1, VERSION), commits(1, ""), out, reply))
        .join();

    List<ListedGroup> listed = harness.<List<ListedGroup>>call(GroupShard::list).join();

    assertThat(listed)
        .extracting(ListedGroup::groupId, ListedGroup::groupState)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple("g", "Stable"),
            org.assertj.core.groups.Tuple.tuple("offsets-only", "Empty"));
  }

  private String stableMember() {
    String member = joinNew().join().memberId();
    sync(member, 1, List.of(assignment(member, "A"))).join();
    return member;
  }

  private CompletableFuture<JoinGroupResponseData> joinNew() {
    return join(join("", null).join().memberId(), null);
  }

  private CompletableFuture<JoinGroupResponseData> join(
      String memberId, @Nullable String instance) {
    return harness.call((shard, out, reply) ->
        shard.join(CALLER, joinRequest(memberId, instance, "range"), out, reply));
  }

  private static JoinGroupRequestData joinRequest(
      String memberId, @Nullable String instance, String protocol) {
    JoinGroupRequestProtocolCollection protocols = new JoinGroupRequestProtocolCollection();
    protocols.add(new JoinGroupRequestProtocol().setName(protocol).setMetadata(new byte[] {1, 2}));
    return new JoinGroupRequestData()
        .setGroupId("g")
        .setMemberId(memberId)
        .setGroupInstanceId(instance)
        .setSessionTimeoutMs(SESSION_MS)
        .setRebalanceTimeoutMs(REBALANCE_MS)
        .setProtocolType("consumer")
        .setProtocols(protocols);
  }

  private static SyncGroupRequestAssignment assignment(String memberId, String bytes) {
    return new SyncGroupRequestAssignment()
        .setMemberId(memberId)
        .setAssignment(bytes.getBytes(StandardCharsets.UTF_8));
  }

  private CompletableFuture<SyncGroupResponseData> sync(
      String memberId, int generation, List<SyncGroupRequestAssignment> assignments) {
    return harness.call((shard, out, reply) ->
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
    return heartbeat(memberId, null, generation);
  }

  private Errors heartbeat(String memberId, @Nullable String instance, int generation) {
    return heartbeatAsync(memberId, instance, generation).join();
  }

  private CompletableFuture<Errors> heartbeatAsync(
      String memberId, @Nullable String instance, int generation) {
    return harness.call((shard, out, reply) ->
        shard.heartbeat(
            new HeartbeatRequestData()
                .setGroupId("g")
                .setMemberId(memberId)
                .setGroupInstanceId(instance)
                .setGenerationId(generation),
            out,
            reply));
  }

  private Errors leave(MemberIdentity identity) {
    return Errors.forCode(
        harness
            .<List<MemberResponse>>call(
                (shard, out, reply) -> shard.leave("g", List.of(identity), out, reply))
            .join()
            .getFirst()
            .errorCode());
  }

  private static List<OffsetCommit> commits(long offset, String metadata) {
    return List.of(new OffsetCommit("t", TOPIC_ID, 0, offset, 3, metadata));
  }

  private CompletableFuture<List<Errors>> commitAsync(
      String memberId, int generation, long offset, String metadata) {
    return harness.call((shard, out, reply) ->
        shard.commit(
            "g",
            new Committer(memberId, null, generation, VERSION),
            commits(offset, metadata),
            out,
            reply));
  }

  private Errors commit(String memberId, int generation, long offset, String metadata) {
    return commitAsync(memberId, generation, offset, metadata).join().getFirst();
  }

  private CompletableFuture<Fetched> fetchAsync(Uuid topicId) {
    return harness.call((shard, out, reply) ->
        shard.fetch("g", null, -1, List.of(new Wanted("t", topicId, 0)), true, out, reply));
  }

  private @Nullable Found fetch(Uuid topicId) {
    return fetchAsync(topicId).join().offsets().getFirst() instanceof Found found ? found : null;
  }

  private DescribedGroup describe() {
    return describeAsync().join();
  }

  private CompletableFuture<DescribedGroup> describeAsync() {
    return harness.call((shard, out, reply) -> shard.describe("g", out, reply));
  }
}
