package io.millrace.coordinator.group;

import io.millrace.coordinator.Outbox;
import io.millrace.runtime.Clock;
import io.millrace.runtime.Randomness;
import io.millrace.storage.RandomUuid;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.JoinGroupResponseData;
import org.apache.kafka.common.message.LeaveGroupRequestData.MemberIdentity;
import org.apache.kafka.common.message.SyncGroupResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * The rebalance protocol of classic groups: join, sync, heartbeat, leave, and the timers behind
 * them. Membership in between two generations is soft state that clients rebuild; what a generation
 * decided is written before anyone learns it. Runs on the shard's loop.
 */
final class ClassicMembership {
  /**
   * A member that was given an id must come back with it, and a fresh one be admitted, within this
   * time.
   */
  private static final int NEW_MEMBER_TIMEOUT_MS = 300_000;

  private final GroupSettings settings;
  private final Clock clock;
  private final Randomness randomness;
  private final Consumer<ClassicGroup> forget;

  ClassicMembership(
      GroupSettings settings, Clock clock, Randomness randomness, Consumer<ClassicGroup> forget) {
    this.settings = settings;
    this.clock = clock;
    this.randomness = randomness;
    this.forget = forget;
  }

  /** Who sent the request. */
  record Caller(String clientId, String host, short version) {}

  void join(
      ClassicGroup group,
      Caller caller,
      JoinGroupRequestData request,
      Outbox out,
      CompletableFuture<JoinGroupResponseData> reply) {
    Map<String, byte[]> protocols = new LinkedHashMap<>();
    request.protocols().forEach(p -> protocols.put(p.name(), p.metadata()));
    String memberId = request.memberId();
    if (!accepts(group, memberId)) {
      group.pendingMembers().remove(memberId);
      out.reply(reply, GroupAnswers.joinError(memberId, Errors.GROUP_MAX_SIZE_REACHED));
    } else if (group.is(GroupState.DEAD)) {
      out.reply(reply, GroupAnswers.joinError(memberId, Errors.COORDINATOR_NOT_AVAILABLE));
    } else if (!group.supports(request.protocolType(), protocols.keySet())) {
      out.reply(reply, GroupAnswers.joinError(memberId, Errors.INCONSISTENT_GROUP_PROTOCOL));
    } else if (memberId.isEmpty()) {
      joinNew(group, caller, request, protocols, out, reply);
    } else {
      joinKnown(group, caller, request, protocols, out, reply);
    }
  }

  private boolean accepts(ClassicGroup group, String memberId) {
    ClassicMember known = group.member(memberId);
    return switch (group.state()) {
      case EMPTY, DEAD -> true;
      case PREPARING_REBALANCE ->
          (known != null && known.isJoining()) || group.joiningCount() < settings.membersMax();
      case COMPLETING_REBALANCE, STABLE -> known != null || group.size() < settings.membersMax();
    };
  }

  private void joinNew(
      ClassicGroup group,
      Caller caller,
      JoinGroupRequestData request,
      Map<String, byte[]> protocols,
      Outbox out,
      CompletableFuture<JoinGroupResponseData> reply) {
    String instance = request.groupInstanceId();
    String newId = (instance == null ? caller.clientId() : instance) + "-" + randomUuid();
    if (instance != null) {
      ClassicMember former = group.staticMember(instance);
      if (former == null) {
        addAndRebalance(group, newMember(newId, caller, request, protocols), out, reply, request);
      } else {
        replaceStatic(group, former, newId, caller, request, protocols, out, reply);
      }
    } else if (caller.version() >= 4) {
      group.pendingMembers().add(newId);
      out.expiry(
          sessionTimer(group, newId),
          request.sessionTimeoutMs(),
          later -> pendingExpired(group, newId, later));
      out.reply(reply, GroupAnswers.joinError(newId, Errors.MEMBER_ID_REQUIRED));
    } else {
      addAndRebalance(group, newMember(newId, caller, request, protocols), out, reply, request);
    }
  }

  private void joinKnown(
      ClassicGroup group,
      Caller caller,
      JoinGroupRequestData request,
      Map<String, byte[]> protocols,
      Outbox out,
      CompletableFuture<JoinGroupResponseData> reply) {
    String memberId = request.memberId();
    if (group.pendingMembers().contains(memberId) && request.groupInstanceId() == null) {
      addAndRebalance(group, newMember(memberId, caller, request, protocols), out, reply, request);
      return;
    }
    Errors error = group.validate(memberId, request.groupInstanceId());
    ClassicMember member = group.member(memberId);
    if (error != Errors.NONE || member == null) {
      out.reply(reply, GroupAnswers.joinError(memberId, error));
      return;
    }
    switch (group.state()) {
      case PREPARING_REBALANCE -> updateAndRebalance(group, member, request, protocols, out, reply);
      case COMPLETING_REBALANCE -> {
        if (member.matches(protocols)) {
          // its join answer was lost: the generation it belongs to still stands
          out.reply(reply, GroupAnswers.joined(group, member, false));
        } else {
          updateAndRebalance(group, member, request, protocols, out, reply);
        }
      }
      case STABLE -> {
        if (group.isLeader(memberId) || !member.matches(protocols)) {
          updateAndRebalance(group, member, request, protocols, out, reply);
        } else {
          out.reply(reply, GroupAnswers.joined(group, member, false));
        }
      }
      case EMPTY, DEAD ->
          out.reply(reply, GroupAnswers.joinError(memberId, Errors.UNKNOWN_MEMBER_ID));
    }
  }

  private ClassicMember newMember(
      String memberId, Caller caller, JoinGroupRequestData request, Map<String, byte[]> protocols) {
    ClassicMember member =
        new ClassicMember(
            memberId,
            request.groupInstanceId(),
            caller.clientId(),
            caller.host(),
            rebalanceTimeoutMs(request),
            request.sessionTimeoutMs(),
            protocols);
    member.fresh(true);
    return member;
  }

  /** Version 0 has no rebalance timeout: the session's serves. */
  private static int rebalanceTimeoutMs(JoinGroupRequestData request) {
    return request.rebalanceTimeoutMs() < 0
        ? request.sessionTimeoutMs()
        : request.rebalanceTimeoutMs();
  }

  private void addAndRebalance(
      ClassicGroup group,
      ClassicMember member,
      Outbox out,
      CompletableFuture<JoinGroupResponseData> reply,
      JoinGroupRequestData request) {
    if (group.size() == 0) {
      group.protocolType(request.protocolType());
    }
    group.add(member);
    member.joining(reply);
    out.expiry(
        sessionTimer(group, member.memberId()),
        NEW_MEMBER_TIMEOUT_MS,
        later -> sessionExpired(group, member, later));
    group.joinedDuringDelay(true);
    rebalance(group, out);
  }

  private void updateAndRebalance(
      ClassicGroup group,
      ClassicMember member,
      JoinGroupRequestData request,
      Map<String, byte[]> protocols,
      Outbox out,
      CompletableFuture<JoinGroupResponseData> reply) {
    member.update(rebalanceTimeoutMs(request), request.sessionTimeoutMs(), protocols);
    CompletableFuture<JoinGroupResponseData> former = member.takeJoining();
    if (former != null) {
      // a repeated join of one member: only the last one waits on
      out.reply(former, GroupAnswers.joinError(member.memberId(), Errors.UNKNOWN_MEMBER_ID));
    }
    member.joining(reply);
    rebalance(group, out);
  }

  private void replaceStatic(
      ClassicGroup group,
      ClassicMember member,
      String newId,
      Caller caller,
      JoinGroupRequestData request,
      Map<String, byte[]> protocols,
      Outbox out,
      CompletableFuture<JoinGroupResponseData> reply) {
    out.cancelTimer(sessionTimer(group, member.memberId()));
    CompletableFuture<JoinGroupResponseData> joining = member.takeJoining();
    if (joining != null) {
      out.reply(joining, GroupAnswers.joinError(member.memberId(), Errors.FENCED_INSTANCE_ID));
    }
    CompletableFuture<SyncGroupResponseData> syncing = member.takeSyncing();
    if (syncing != null) {
      out.reply(syncing, GroupAnswers.syncError(Errors.FENCED_INSTANCE_ID));
    }
    boolean sameProtocols = member.matches(protocols);
    group.replaceMemberId(member, newId);
    member.update(rebalanceTimeoutMs(request), request.sessionTimeoutMs(), protocols);
    if (group.is(GroupState.STABLE)
        && (sameProtocols || group.selectProtocol().equals(group.protocolName()))) {
      // a restarted static member takes its place without a rebalance; its new id must survive us
      out.write(GroupRecords.metadata(group, clock.wallMs()));
      touch(group, member, out);
      boolean skip = group.isLeader(newId) && caller.version() >= 9;
      JoinGroupResponseData answer = GroupAnswers.joined(group, member, skip);
      if (!skip && group.isLeader(newId)) {
        // before version 9 the member must not believe it leads, or it would assign anew
        answer.setLeader(member.groupInstanceId() + "-former-leader").setMembers(List.of());
      }
      out.reply(reply, answer);
    } else {
      member.joining(reply);
      touch(group, member, out);
      rebalance(group, out);
    }
  }

  /** Begins a rebalance where none runs, and completes it where everyone is there. */
  private void rebalance(ClassicGroup group, Outbox out) {
    switch (group.state()) {
      case STABLE, COMPLETING_REBALANCE, EMPTY -> beginRebalance(group, out);
      case PREPARING_REBALANCE -> {
        if (!initialDelayRuns(group)) {
          completeIfAllJoined(group, out);
        }
      }
      case DEAD -> {}
    }
  }

  private final Map<String, Integer> initialDelayLeftMs = new LinkedHashMap<>();

  private boolean initialDelayRuns(ClassicGroup group) {
    return initialDelayLeftMs.containsKey(group.groupId());
  }

  private void beginRebalance(ClassicGroup group, Outbox out) {
    for (ClassicMember member : group.members()) {
      CompletableFuture<SyncGroupResponseData> syncing = member.takeSyncing();
      if (syncing != null) {
        touch(group, member, out);
        out.reply(syncing, GroupAnswers.syncError(Errors.REBALANCE_IN_PROGRESS));
      }
    }
    out.cancelTimer(syncTimer(group));
    boolean initial = group.is(GroupState.EMPTY);
    group.become(GroupState.PREPARING_REBALANCE, clock.wallMs());
    if (initial && settings.initialRebalanceDelayMs() > 0) {
      int timeoutMs = group.rebalanceTimeoutMs();
      int delayMs = Math.min(settings.initialRebalanceDelayMs(), timeoutMs);
      initialDelayLeftMs.put(group.groupId(), Math.max(0, timeoutMs - delayMs));
      group.joinedDuringDelay(false);
      out.timer(joinTimer(group), delayMs, later -> initialDelayOver(group, delayMs, later));
    } else if (group.allJoined()) {
      completeJoin(group, out);
    } else {
      out.expiry(joinTimer(group), group.rebalanceTimeoutMs(), later -> completeJoin(group, later));
    }
  }

  private void initialDelayOver(ClassicGroup group, int lastDelayMs, Outbox out) {
    int leftMs = initialDelayLeftMs.getOrDefault(group.groupId(), 0);
    if (group.joinedDuringDelay() && leftMs > 0) {
      group.joinedDuringDelay(false);
      int delayMs = Math.min(settings.initialRebalanceDelayMs(), leftMs);
      initialDelayLeftMs.put(group.groupId(), Math.max(0, leftMs - lastDelayMs));
      out.timer(joinTimer(group), delayMs, later -> initialDelayOver(group, delayMs, later));
    } else {
      completeJoin(group, out);
    }
  }

  private void completeIfAllJoined(ClassicGroup group, Outbox out) {
    if (group.allJoined()) {
      completeJoin(group, out);
    }
  }

  private void completeJoin(ClassicGroup group, Outbox out) {
    out.cancelTimer(joinTimer(group));
    initialDelayLeftMs.remove(group.groupId());
    for (ClassicMember missing : group.notJoined()) {
      if (missing.groupInstanceId() == null) {
        out.cancelTimer(sessionTimer(group, missing.memberId()));
        group.remove(missing);
      }
    }
    if (!group.leaderRejoined() && group.size() > 0) {
      // only static members are left and none is back: wait another round for them or their
      // sessions' end
      out.expiry(joinTimer(group), group.rebalanceTimeoutMs(), later -> completeJoin(group, later));
      return;
    }
    long nowMs = clock.wallMs();
    group.nextGeneration(nowMs);
    if (group.is(GroupState.EMPTY)) {
      out.write(GroupRecords.metadata(group, nowMs));
      return;
    }
    out.expiry(syncTimer(group), group.rebalanceTimeoutMs(), later -> syncTimedOut(group, later));
    for (ClassicMember member : group.members()) {
      CompletableFuture<JoinGroupResponseData> joining = member.takeJoining();
      if (joining != null) {
        out.reply(joining, GroupAnswers.joined(group, member, false));
      }
      group.pendingSyncs().add(member.memberId());
      member.fresh(false);
      touch(group, member, out);
    }
  }

  private void syncTimedOut(ClassicGroup group, Outbox out) {
    if (!group.is(GroupState.COMPLETING_REBALANCE) && !group.is(GroupState.STABLE)) {
      return;
    }
    boolean removed = false;
    for (String late : List.copyOf(group.pendingSyncs())) {
      ClassicMember member = group.member(late);
      if (member != null) {
        out.cancelTimer(sessionTimer(group, late));
        group.remove(member);
        removed = true;
      }
    }
    if (removed) {
      beginRebalance(group, out);
    }
  }

  Errors heartbeat(
      ClassicGroup group,
      String memberId,
      @Nullable String groupInstanceId,
      int generation,
      Outbox out) {
    Errors error = group.validate(memberId, groupInstanceId);
    ClassicMember member = group.member(memberId);
    if (error != Errors.NONE || member == null) {
      return error;
    }
    if (generation != group.generation()) {
      return Errors.ILLEGAL_GENERATION;
    }
    return switch (group.state()) {
      case EMPTY, DEAD -> Errors.UNKNOWN_MEMBER_ID;
      case PREPARING_REBALANCE -> {
        touch(group, member, out);
        yield Errors.REBALANCE_IN_PROGRESS;
      }
      case COMPLETING_REBALANCE, STABLE -> {
        touch(group, member, out);
        yield Errors.NONE;
      }
    };
  }

  Errors leave(ClassicGroup group, MemberIdentity identity, Outbox out) {
    String memberId = identity.memberId();
    ClassicMember member = group.staticMember(identity.groupInstanceId());
    if (identity.groupInstanceId() != null) {
      if (member == null) {
        return Errors.UNKNOWN_MEMBER_ID;
      }
      if (!memberId.isEmpty() && !member.memberId().equals(memberId)) {
        return Errors.FENCED_INSTANCE_ID;
      }
    } else if (group.pendingMembers().remove(memberId)) {
      out.cancelTimer(sessionTimer(group, memberId));
      if (group.is(GroupState.PREPARING_REBALANCE) && !initialDelayRuns(group)) {
        completeIfAllJoined(group, out);
      }
      return Errors.NONE;
    } else {
      member = group.member(memberId);
    }
    if (member == null) {
      return Errors.UNKNOWN_MEMBER_ID;
    }
    out.cancelTimer(sessionTimer(group, member.memberId()));
    removeAndRebalance(group, member, out);
    return Errors.NONE;
  }

  private void removeAndRebalance(ClassicGroup group, ClassicMember member, Outbox out) {
    CompletableFuture<JoinGroupResponseData> joining = member.takeJoining();
    if (joining != null) {
      out.reply(joining, GroupAnswers.joinError("", Errors.UNKNOWN_MEMBER_ID));
    }
    CompletableFuture<SyncGroupResponseData> syncing = member.takeSyncing();
    if (syncing != null) {
      out.reply(syncing, GroupAnswers.syncError(Errors.UNKNOWN_MEMBER_ID));
    }
    group.remove(member);
    switch (group.state()) {
      case STABLE, COMPLETING_REBALANCE -> beginRebalance(group, out);
      case PREPARING_REBALANCE -> {
        if (!initialDelayRuns(group)) {
          completeIfAllJoined(group, out);
        }
      }
      case EMPTY, DEAD -> {}
    }
  }

  private void sessionExpired(ClassicGroup group, ClassicMember member, Outbox out) {
    if (group.member(member.memberId()) != member) {
      return;
    }
    if (member.isJoining() && !member.fresh()) {
      // waits for others to join: that is not silence
      touch(group, member, out);
      return;
    }
    removeAndRebalance(group, member, out);
  }

  private void pendingExpired(ClassicGroup group, String memberId, Outbox out) {
    if (group.pendingMembers().remove(memberId)) {
      if (group.is(GroupState.PREPARING_REBALANCE) && !initialDelayRuns(group)) {
        completeIfAllJoined(group, out);
      } else if (group.is(GroupState.EMPTY)
          && group.size() == 0
          && group.pendingMembers().isEmpty()) {
        forget.accept(group);
      }
    }
  }

  /** A sign of life: the session begins anew. */
  void touch(ClassicGroup group, ClassicMember member, Outbox out) {
    out.expiry(
        sessionTimer(group, member.memberId()),
        member.sessionTimeoutMs(),
        later -> sessionExpired(group, member, later));
  }

  private static String sessionTimer(ClassicGroup group, String memberId) {
    return "session/" + group.groupId() + "/" + memberId;
  }

  private static String joinTimer(ClassicGroup group) {
    return "join/" + group.groupId();
  }

  private static String syncTimer(ClassicGroup group) {
    return "sync/" + group.groupId();
  }

  private String randomUuid() {
    Uuid id = RandomUuid.next(randomness);
    return new UUID(id.getMostSignificantBits(), id.getLeastSignificantBits()).toString();
  }
}
