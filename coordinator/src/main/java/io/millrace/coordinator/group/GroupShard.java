package io.millrace.coordinator.group;

import io.millrace.coordinator.CoordinatorRecord;
import io.millrace.coordinator.Outbox;
import io.millrace.coordinator.RecordTypes;
import io.millrace.coordinator.Shard;
import io.millrace.coordinator.group.ClassicMembership.Caller;
import io.millrace.coordinator.group.OffsetTable.Committed;
import io.millrace.coordinator.group.OffsetTable.Slot;
import io.millrace.runtime.Clock;
import io.millrace.runtime.Randomness;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.DescribeGroupsResponseData.DescribedGroup;
import org.apache.kafka.common.message.DescribeGroupsResponseData.DescribedGroupMember;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.JoinGroupResponseData;
import org.apache.kafka.common.message.LeaveGroupRequestData.MemberIdentity;
import org.apache.kafka.common.message.LeaveGroupResponseData.MemberResponse;
import org.apache.kafka.common.message.ListGroupsResponseData.ListedGroup;
import org.apache.kafka.common.message.SyncGroupRequestData;
import org.apache.kafka.common.message.SyncGroupResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.coordinator.group.generated.GroupMetadataKey;
import org.apache.kafka.coordinator.group.generated.GroupMetadataValue;
import org.apache.kafka.coordinator.group.generated.OffsetCommitKey;
import org.apache.kafka.coordinator.group.generated.OffsetCommitValue;
import org.jspecify.annotations.Nullable;

/**
 * Classic groups and offsets of one partition of __consumer_offsets. Owned by its shard loop.
 * Offsets change by records only; a group's membership between generations is soft (see {@link
 * ClassicMembership}).
 */
public final class GroupShard implements Shard {
  /**
   * A record's strings have a length of 16 bits; the id made for a member is its name and 37 bytes.
   */
  private static final int NAME_BYTES_MAX = Short.MAX_VALUE - 37;

  /** A heartbeat's answer needs a proof of leadership no older than this part of the session. */
  private static final int PROOF_PART_OF_SESSION = 3;

  private final GroupSettings settings;
  private final Clock clock;
  private final ClassicMembership membership;
  private final ClassicSync sync;
  private final Map<String, ClassicGroup> groups = new LinkedHashMap<>();
  private final OffsetTable offsets = new OffsetTable();

  public GroupShard(GroupSettings settings, Clock clock, Randomness randomness) {
    this.settings = settings;
    this.clock = clock;
    this.membership =
        new ClassicMembership(
            settings, clock, randomness, group -> groups.remove(group.groupId(), group));
    this.sync = new ClassicSync(membership, clock);
  }

  @Override
  public RecordTypes recordTypes() {
    return GroupRecords.TYPES;
  }

  @Override
  public void replay(CoordinatorRecord record) {
    if (record.key() instanceof OffsetCommitKey key) {
      replayOffset(key, (OffsetCommitValue) record.value());
    } else if (record.key() instanceof GroupMetadataKey key) {
      replayGroup(key.group(), (GroupMetadataValue) record.value());
    }
  }

  private void replayOffset(OffsetCommitKey key, @Nullable OffsetCommitValue value) {
    Slot slot = new Slot(key.topic(), key.partition());
    if (value == null) {
      offsets.remove(key.group(), slot);
    } else {
      offsets.put(
          key.group(),
          slot,
          new Committed(
              value.topicId(),
              value.offset(),
              value.leaderEpoch(),
              value.metadata(),
              value.commitTimestamp()));
    }
  }

  private void replayGroup(String groupId, @Nullable GroupMetadataValue value) {
    if (value == null) {
      groups.remove(groupId);
      return;
    }
    ClassicGroup group = new ClassicGroup(groupId, value.currentStateTimestamp());
    group.restore(
        value.generation(),
        value.protocolType(),
        value.protocol(),
        value.leader(),
        GroupRecords.members(value),
        value.currentStateTimestamp());
    groups.put(groupId, group);
  }

  @Override
  public void onLoaded(Outbox out) {
    for (ClassicGroup group : groups.values()) {
      for (ClassicMember member : group.members()) {
        membership.touch(group, member, out);
      }
    }
  }

  public void join(
      String clientId,
      String clientHost,
      short version,
      JoinGroupRequestData request,
      Outbox out,
      CompletableFuture<JoinGroupResponseData> reply) {
    Errors error = checkJoin(clientId, request);
    if (error != Errors.NONE) {
      out.reply(reply, GroupAnswers.joinError(request.memberId(), error));
      return;
    }
    ClassicGroup group = groups.get(request.groupId());
    if (group == null) {
      if (!request.memberId().isEmpty()) {
        out.reply(reply, GroupAnswers.joinError(request.memberId(), Errors.UNKNOWN_MEMBER_ID));
        return;
      }
      group = new ClassicGroup(request.groupId(), clock.wallMs());
      groups.put(request.groupId(), group);
    }
    membership.join(group, new Caller(clientId, clientHost, version), request, out, reply);
  }

  private Errors checkJoin(String clientId, JoinGroupRequestData request) {
    if (request.groupId().isEmpty()) {
      return Errors.INVALID_GROUP_ID;
    }
    String instance = request.groupInstanceId();
    if (Utils.utf8Length(clientId) > NAME_BYTES_MAX
        || (instance != null && Utils.utf8Length(instance) > NAME_BYTES_MAX)
        || Utils.utf8Length(request.protocolType()) > NAME_BYTES_MAX
        || request.protocols().stream()
            .anyMatch(p -> Utils.utf8Length(p.name()) > NAME_BYTES_MAX)) {
      return Errors.INVALID_REQUEST;
    }
    if (request.sessionTimeoutMs() < settings.sessionTimeoutMinMs()
        || request.sessionTimeoutMs() > settings.sessionTimeoutMaxMs()) {
      return Errors.INVALID_SESSION_TIMEOUT;
    }
    return Errors.NONE;
  }

  public void sync(
      SyncGroupRequestData request, Outbox out, CompletableFuture<SyncGroupResponseData> reply) {
    ClassicGroup group = groups.get(request.groupId());
    if (group == null) {
      out.reply(reply, GroupAnswers.syncError(Errors.UNKNOWN_MEMBER_ID));
    } else {
      sync.sync(group, request, out, reply);
    }
  }

  public void heartbeat(HeartbeatRequestData request, Outbox out, CompletableFuture<Errors> reply) {
    ClassicGroup group = groups.get(request.groupId());
    if (group == null) {
      out.reply(reply, Errors.UNKNOWN_MEMBER_ID);
      return;
    }
    ClassicMember member = group.member(request.memberId());
    long proofAgeMs = member == null ? 0 : member.sessionTimeoutMs() / PROOF_PART_OF_SESSION;
    Errors error =
        membership.heartbeat(
            group, request.memberId(), request.groupInstanceId(), request.generationId(), out);
    out.reply(reply, error, proofAgeMs);
  }

  public void leave(
      String groupId,
      List<MemberIdentity> identities,
      Outbox out,
      CompletableFuture<List<MemberResponse>> reply) {
    ClassicGroup group = groups.get(groupId);
    List<MemberResponse> answers = new ArrayList<>();
    for (MemberIdentity identity : identities) {
      Errors error =
          group == null ? Errors.UNKNOWN_MEMBER_ID : membership.leave(group, identity, out);
      answers.add(
          new MemberResponse()
              .setMemberId(identity.memberId())
              .setGroupInstanceId(identity.groupInstanceId())
              .setErrorCode(error.code()));
    }
    out.reply(reply, answers);
  }

  /** One partition of an offset commit, its topic resolved. */
  public record Commit(
      String topic,
      Uuid topicId,
      int partition,
      long offset,
      int leaderEpoch,
      @Nullable String metadata) {}

  /** Commits; answers one error per commit, in order. */
  public void commit(
      String groupId,
      String memberId,
      @Nullable String groupInstanceId,
      int generation,
      List<Commit> commits,
      Outbox out,
      CompletableFuture<List<Errors>> reply) {
    Errors refusal = checkCommit(groupId, memberId, groupInstanceId, generation, out);
    List<Errors> answers = new ArrayList<>();
    for (Commit commit : commits) {
      Errors error = refusal;
      String metadata = commit.metadata() == null ? "" : commit.metadata();
      if (error == Errors.NONE
          && metadata.getBytes(StandardCharsets.UTF_8).length > settings.offsetMetadataBytesMax()) {
        error = Errors.OFFSET_METADATA_TOO_LARGE;
      }
      if (error == Errors.NONE) {
        Slot slot = new Slot(commit.topic(), commit.partition());
        Committed committed =
            new Committed(
                commit.topicId(), commit.offset(), commit.leaderEpoch(), metadata, clock.wallMs());
        writeAndReplay(GroupRecords.offset(groupId, slot, committed), out);
      }
      answers.add(error);
    }
    out.reply(reply, answers);
  }

  private Errors checkCommit(
      String groupId,
      String memberId,
      @Nullable String groupInstanceId,
      int generation,
      Outbox out) {
    ClassicGroup group = groups.get(groupId);
    if (group == null || group.is(GroupState.DEAD)) {
      // a group that only stores offsets need not exist
      return generation < 0 ? Errors.NONE : Errors.ILLEGAL_GENERATION;
    }
    if (generation < 0 && group.is(GroupState.EMPTY)) {
      return Errors.NONE;
    }
    if (generation < 0 && memberId.isEmpty() && groupInstanceId == null) {
      // an outsider must not move the offsets of a live group
      return Errors.UNKNOWN_MEMBER_ID;
    }
    Errors error = group.validate(memberId, groupInstanceId);
    if (error != Errors.NONE) {
      return error;
    }
    if (generation != group.generation()) {
      return Errors.ILLEGAL_GENERATION;
    }
    if (group.is(GroupState.COMPLETING_REBALANCE)) {
      return Errors.REBALANCE_IN_PROGRESS;
    }
    ClassicMember member = group.member(memberId);
    if (member != null) {
      membership.touch(group, member, out);
    }
    return Errors.NONE;
  }

  private void writeAndReplay(CoordinatorRecord record, Outbox out) {
    out.write(record);
    replay(record);
  }

  /** A partition asked for; its topic's present id, ZERO_UUID if there is none. */
  public record Wanted(String topic, Uuid topicId, int partition) {}

  /** Offsets found for {@code wanted}, in order; null where nothing is committed. */
  public void fetch(
      String groupId,
      List<Wanted> wanted,
      Outbox out,
      CompletableFuture<List<@Nullable Found>> reply) {
    List<@Nullable Found> found = new ArrayList<>();
    for (Wanted each : wanted) {
      Committed committed = offsets.get(groupId, new Slot(each.topic(), each.partition()));
      found.add(
          committed == null || !sameTopic(committed, each.topicId())
              ? null
              : found(each.topic(), each.partition(), committed));
    }
    out.reply(reply, found);
  }

  /** Everything the group has committed. */
  public void fetchAll(String groupId, Outbox out, CompletableFuture<List<Found>> reply) {
    List<Found> found = new ArrayList<>();
    offsets.of(groupId).forEach((slot, c) -> found.add(found(slot.topic(), slot.partition(), c)));
    out.reply(reply, found);
  }

  /** A committed offset. */
  public record Found(
      String topic, Uuid topicId, int partition, long offset, int leaderEpoch, String metadata) {}

  private static Found found(String topic, int partition, Committed committed) {
    return new Found(
        topic,
        committed.topicId(),
        partition,
        committed.offset(),
        committed.leaderEpoch(),
        committed.metadata());
  }

  private static boolean sameTopic(Committed committed, Uuid topicId) {
    return committed.topicId().equals(Uuid.ZERO_UUID)
        || topicId.equals(Uuid.ZERO_UUID)
        || committed.topicId().equals(topicId);
  }

  /** Whether the group is known here, by members or by offsets. */
  public void list(Outbox out, CompletableFuture<List<ListedGroup>> reply) {
    Set<String> ids = new LinkedHashSet<>(groups.keySet());
    ids.addAll(offsets.groupIds());
    List<ListedGroup> listed = new ArrayList<>();
    for (String id : ids) {
      ClassicGroup group = groups.get(id);
      listed.add(
          new ListedGroup()
              .setGroupId(id)
              .setProtocolType(
                  group == null || group.protocolType() == null ? "" : group.protocolType())
              .setGroupState((group == null ? GroupState.EMPTY : group.state()).text())
              .setGroupType("classic"));
    }
    out.reply(reply, listed);
  }

  public void describe(String groupId, Outbox out, CompletableFuture<DescribedGroup> reply) {
    ClassicGroup group = groups.get(groupId);
    DescribedGroup described = new DescribedGroup().setGroupId(groupId);
    if (group == null) {
      boolean offsetsOnly = offsets.has(groupId);
      described.setGroupState((offsetsOnly ? GroupState.EMPTY : GroupState.DEAD).text());
      if (!offsetsOnly) {
        described
            .setErrorCode(Errors.GROUP_ID_NOT_FOUND.code())
            .setErrorMessage("Group " + groupId + " not found.");
      }
      out.reply(reply, described);
      return;
    }
    boolean stable = group.is(GroupState.STABLE);
    String protocol = group.protocolName();
    described
        .setGroupState(group.state().text())
        .setProtocolType(group.protocolType() == null ? "" : group.protocolType())
        .setProtocolData(stable && protocol != null ? protocol : "");
    for (ClassicMember member : group.members()) {
      described
          .members()
          .add(
              new DescribedGroupMember()
                  .setMemberId(member.memberId())
                  .setGroupInstanceId(member.groupInstanceId())
                  .setClientId(member.clientId())
                  .setClientHost(member.clientHost())
                  .setMemberMetadata(stable ? member.metadata(protocol) : ClassicMember.NO_BYTES)
                  .setMemberAssignment(member.assignment()));
    }
    out.reply(reply, described);
  }

  /** The topic is gone: its committed offsets go too. */
  public void topicDeleted(Uuid topicId, Outbox out) {
    for (String groupId : offsets.groupIds()) {
      for (Map.Entry<Slot, Committed> each : List.copyOf(offsets.of(groupId).entrySet())) {
        if (each.getValue().topicId().equals(topicId)) {
          writeAndReplay(GroupRecords.offsetTombstone(groupId, each.getKey()), out);
        }
      }
    }
  }
}
