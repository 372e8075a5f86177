package io.millrace.coordinator.group.classic;

import io.millrace.coordinator.Outbox;
import io.millrace.coordinator.group.GroupCaller;
import io.millrace.coordinator.group.MemberIds;
import io.millrace.runtime.Clock;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.JoinGroupResponseData;
import org.apache.kafka.common.message.LeaveGroupRequestData.MemberIdentity;
import org.apache.kafka.common.message.SyncGroupRequestData;
import org.apache.kafka.common.message.SyncGroupResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.coordinator.group.generated.GroupMetadataValue;
import org.jspecify.annotations.Nullable;

/** The classic groups of one partition of __consumer_offsets. Owned by its shard's loop. */
public final class ClassicGroups {
  /**
   * A record's strings have a length of 16 bits; the id made for a member is its name and 37 bytes.
   */
  private static final int NAME_BYTES_MAX = Short.MAX_VALUE - 37;

  /** A heartbeat's answer needs a proof of leadership no older than this part of the session. */
  private static final int PROOF_PART_OF_SESSION = 3;

  private final ClassicSettings settings;
  private final Clock clock;
  private final ClassicRebalance rebalance;
  private final ClassicJoin join;
  private final ClassicSync sync;
  private final Map<String, ClassicGroup> groups = new LinkedHashMap<>();

  public ClassicGroups(ClassicSettings settings, Clock clock, MemberIds memberIds) {
    this.settings = settings;
    this.clock = clock;
    this.rebalance =
        new ClassicRebalance(settings, clock, group -> groups.remove(group.groupId(), group));
    this.join = new ClassicJoin(settings, rebalance, memberIds, clock);
    this.sync = new ClassicSync(rebalance, clock);
  }

  public @Nullable ClassicGroup get(String groupId) {
    return groups.get(groupId);
  }

  public Collection<ClassicGroup> all() {
    return List.copyOf(groups.values());
  }

  public void replay(String groupId, @Nullable GroupMetadataValue value) {
    if (value == null) {
      groups.remove(groupId);
      return;
    }
    ClassicGroup group = new ClassicGroup(groupId, value.currentStateTimestamp());
    group.restore(
        value.generation(),
        value.protocolType().isEmpty() ? null : value.protocolType(),
        value.protocol(),
        value.leader(),
        ClassicRecords.members(value),
        value.currentStateTimestamp());
    groups.put(groupId, group);
  }

  /** Sessions of loaded members begin anew; a group that has grown too large rebalances. */
  public void onLoaded(Outbox out) {
    for (ClassicGroup group : all()) {
      group.members().forEach(member -> rebalance.touch(group, member, out));
      if (group.size() > settings.membersMax()) {
        rebalance.rebalance(group, out);
      }
    }
  }

  public void join(
      GroupCaller caller,
      JoinGroupRequestData request,
      Outbox out,
      CompletableFuture<JoinGroupResponseData> reply) {
    ClassicGroup group = groups.get(request.groupId());
    if (group == null) {
      if (!request.memberId().isEmpty()) {
        out.reply(reply, ClassicAnswers.joinError(request.memberId(), Errors.UNKNOWN_MEMBER_ID));
        return;
      }
      group = new ClassicGroup(request.groupId(), clock.wallMs());
      groups.put(request.groupId(), group);
    }
    join.join(group, caller, request, out, reply);
    if (group.isUnused()) {
      groups.remove(group.groupId(), group);
    }
  }

  /** What is wrong with a join whatever the group's state. */
  public Errors check(GroupCaller caller, JoinGroupRequestData request) {
    if (request.groupId().isEmpty()) {
      return Errors.INVALID_GROUP_ID;
    }
    String instance = request.groupInstanceId();
    if (Utils.utf8Length(caller.clientId()) > NAME_BYTES_MAX
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
      out.reply(reply, ClassicAnswers.syncError(Errors.UNKNOWN_MEMBER_ID));
    } else {
      sync.sync(group, request, out, reply);
    }
  }

  public void heartbeat(HeartbeatRequestData request, Outbox out, CompletableFuture<Errors> reply) {
    ClassicGroup group = groups.get(request.groupId());
    ClassicMember member = group == null ? null : group.member(request.memberId());
    if (group == null || member == null) {
      Errors error =
          group == null
              ? Errors.UNKNOWN_MEMBER_ID
              : group.validate(request.memberId(), request.groupInstanceId());
      out.reply(reply, error);
    } else {
      out.reply(
          reply,
          heartbeat(group, member, request, out),
          member.sessionTimeoutMs() / PROOF_PART_OF_SESSION);
    }
  }

  private Errors heartbeat(
      ClassicGroup group, ClassicMember member, HeartbeatRequestData request, Outbox out) {
    Errors error = group.validate(request.memberId(), request.groupInstanceId());
    if (error != Errors.NONE) {
      return error;
    }
    if (request.generationId() != group.generation()) {
      return Errors.ILLEGAL_GENERATION;
    }
    return switch (group.state()) {
      case EMPTY -> Errors.UNKNOWN_MEMBER_ID;
      case PREPARING_REBALANCE -> {
        rebalance.touch(group, member, out);
        yield Errors.REBALANCE_IN_PROGRESS;
      }
      case COMPLETING_REBALANCE, STABLE -> {
        rebalance.touch(group, member, out);
        yield Errors.NONE;
      }
    };
  }

  /** By the member itself, or by an administrator, who knows static members by instance id only. */
  public Errors leave(String groupId, MemberIdentity identity, Outbox out) {
    ClassicGroup group = groups.get(groupId);
    if (group == null) {
      return Errors.UNKNOWN_MEMBER_ID;
    }
    String memberId = identity.memberId();
    ClassicMember member;
    if (identity.groupInstanceId() != null) {
      member = group.staticMember(identity.groupInstanceId());
      if (member != null && !memberId.isEmpty() && !member.memberId().equals(memberId)) {
        return Errors.FENCED_INSTANCE_ID;
      }
    } else if (rebalance.removePending(group, memberId, out)) {
      return Errors.NONE;
    } else {
      member = group.member(memberId);
    }
    if (member == null) {
      return Errors.UNKNOWN_MEMBER_ID;
    }
    rebalance.remove(group, member, out);
    return Errors.NONE;
  }

  /**
   * Whether a commit by this member is in order; NONE is a sign of life.
   *
   * @param generation negative if none was given
   * @param transactional such commits need not name a member, and may come while a rebalance
   *     completes
   */
  public Errors checkCommit(
      ClassicGroup group,
      String memberId,
      @Nullable String groupInstanceId,
      int generation,
      boolean transactional,
      Outbox out) {
    if (generation < 0 && group.is(ClassicState.EMPTY)) {
      return Errors.NONE;
    }
    if (generation < 0 && memberId.isEmpty() && groupInstanceId == null) {
      // an outsider must not move the offsets of a live group
      return transactional ? Errors.NONE : Errors.UNKNOWN_MEMBER_ID;
    }
    Errors error = group.validate(memberId, groupInstanceId);
    if (error != Errors.NONE) {
      return error;
    }
    if (generation != group.generation()) {
      return Errors.ILLEGAL_GENERATION;
    }
    if (group.is(ClassicState.COMPLETING_REBALANCE) && !transactional) {
      return Errors.REBALANCE_IN_PROGRESS;
    }
    ClassicMember member = group.member(memberId);
    if (member != null) {
      rebalance.touch(group, member, out);
    }
    return Errors.NONE;
  }

  /** Takes a group out, its record and its timers; those who wait are asked to join again. */
  public void remove(ClassicGroup group, Outbox out) {
    rebalance.release(group, out);
    groups.remove(group.groupId(), group);
    out.write(ClassicRecords.tombstone(group.groupId()));
  }

  /** Puts in a group that was one of another kind, and its record. */
  public void put(ClassicGroup group, boolean rebalanceNow, Outbox out) {
    groups.put(group.groupId(), group);
    out.write(ClassicRecords.metadata(group, clock.wallMs()));
    group.members().forEach(member -> rebalance.touch(group, member, out));
    if (rebalanceNow) {
      rebalance.rebalance(group, out);
    }
  }
}
