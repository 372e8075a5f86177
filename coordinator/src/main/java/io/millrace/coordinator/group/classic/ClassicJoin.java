package io.millrace.coordinator.group.classic;

import io.millrace.coordinator.Outbox;
import io.millrace.coordinator.group.GroupCaller;
import io.millrace.coordinator.group.MemberIds;
import io.millrace.runtime.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.JoinGroupResponseData;
import org.apache.kafka.common.message.SyncGroupResponseData;
import org.apache.kafka.common.protocol.Errors;

/**
 * The first half of a rebalance as a member sees it: it is let in, or finds its place again, or
 * takes the place of its former self. Runs on the shard's loop.
 */
final class ClassicJoin {
  /** From this version on a member without an id is first told one. */
  private static final int ID_REQUIRED_SINCE = 4;

  /** From this version on a leader can be told that its assignment stands. */
  private static final int SKIP_ASSIGNMENT_SINCE = 9;

  private final ClassicSettings settings;
  private final ClassicRebalance rebalance;
  private final MemberIds memberIds;
  private final Clock clock;

  ClassicJoin(
      ClassicSettings settings, ClassicRebalance rebalance, MemberIds memberIds, Clock clock) {
    this.settings = settings;
    this.rebalance = rebalance;
    this.memberIds = memberIds;
    this.clock = clock;
  }

  void join(
      ClassicGroup group,
      GroupCaller caller,
      JoinGroupRequestData request,
      Outbox out,
      CompletableFuture<JoinGroupResponseData> reply) {
    Map<String, byte[]> protocols = new LinkedHashMap<>();
    request.protocols().forEach(p -> protocols.put(p.name(), p.metadata()));
    String memberId = request.memberId();
    if (!accepts(group, memberId)) {
      group.pendingMembers().remove(memberId);
      out.reply(reply, ClassicAnswers.joinError(memberId, Errors.GROUP_MAX_SIZE_REACHED));
    } else if (!group.supports(request.protocolType(), protocols.keySet())) {
      out.reply(reply, ClassicAnswers.joinError(memberId, Errors.INCONSISTENT_GROUP_PROTOCOL));
    } else if (memberId.isEmpty()) {
      joinNew(group, caller, request, protocols, out, reply);
    } else {
      joinKnown(group, caller, request, protocols, out, reply);
    }
  }

  private boolean accepts(ClassicGroup group, String memberId) {
    ClassicMember known = group.member(memberId);
    return switch (group.state()) {
      case EMPTY -> true;
      case PREPARING_REBALANCE ->
          (known != null && known.isJoining()) || group.joiningCount() < settings.membersMax();
      case COMPLETING_REBALANCE, STABLE -> known != null || group.size() < settings.membersMax();
    };
  }

  private void joinNew(
      ClassicGroup group,
      GroupCaller caller,
      JoinGroupRequestData request,
      Map<String, byte[]> protocols,
      Outbox out,
      CompletableFuture<JoinGroupResponseData> reply) {
    String instance = request.groupInstanceId();
    String newId = memberIds.next(instance == null ? caller.clientId() : instance);
    if (instance != null) {
      ClassicMember former = group.staticMember(instance);
      if (former == null) {
        add(group, newMember(newId, caller, request, protocols), out, reply, request);
      } else {
        replaceStatic(group, former, newId, caller, request, protocols, out, reply);
      }
    } else if (caller.version() >= ID_REQUIRED_SINCE) {
      rebalance.expectPending(group, newId, request.sessionTimeoutMs(), out);
      out.reply(reply, ClassicAnswers.joinError(newId, Errors.MEMBER_ID_REQUIRED));
    } else {
      add(group, newMember(newId, caller, request, protocols), out, reply, request);
    }
  }

  private void joinKnown(
      ClassicGroup group,
      GroupCaller caller,
      JoinGroupRequestData request,
      Map<String, byte[]> protocols,
      Outbox out,
      CompletableFuture<JoinGroupResponseData> reply) {
    String memberId = request.memberId();
    if (group.pendingMembers().contains(memberId) && request.groupInstanceId() == null) {
      add(group, newMember(memberId, caller, request, protocols), out, reply, request);
      return;
    }
    Errors error = group.validate(memberId, request.groupInstanceId());
    ClassicMember member = group.member(memberId);
    if (error != Errors.NONE || member == null) {
      out.reply(reply, ClassicAnswers.joinError(memberId, error));
      return;
    }
    switch (group.state()) {
      case PREPARING_REBALANCE -> update(group, member, request, protocols, out, reply);
      case COMPLETING_REBALANCE -> {
        if (member.matches(protocols)) {
          // its join answer was lost: the generation it belongs to still stands
          out.reply(reply, ClassicAnswers.joined(group, member, false));
        } else {
          update(group, member, request, protocols, out, reply);
        }
      }
      case STABLE -> {
        if (group.isLeader(memberId) || !member.matches(protocols)) {
          update(group, member, request, protocols, out, reply);
        } else {
          out.reply(reply, ClassicAnswers.joined(group, member, false));
        }
      }
      case EMPTY -> out.reply(reply, ClassicAnswers.joinError(memberId, Errors.UNKNOWN_MEMBER_ID));
    }
  }

  private static ClassicMember newMember(
      String memberId,
      GroupCaller caller,
      JoinGroupRequestData request,
      Map<String, byte[]> protocols) {
    return new ClassicMember(
        memberId,
        request.groupInstanceId(),
        caller.clientId(),
        caller.host(),
        rebalanceTimeoutMs(request),
        request.sessionTimeoutMs(),
        protocols);
  }

  /** Version 0 has no rebalance timeout: the session's serves. */
  private static int rebalanceTimeoutMs(JoinGroupRequestData request) {
    return request.rebalanceTimeoutMs() < 0
        ? request.sessionTimeoutMs()
        : request.rebalanceTimeoutMs();
  }

  private void add(
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
    rebalance.expectFresh(group, member, out);
    group.joinedDuringDelay(true);
    rebalance.rebalance(group, out);
  }

  private void update(
      ClassicGroup group,
      ClassicMember member,
      JoinGroupRequestData request,
      Map<String, byte[]> protocols,
      Outbox out,
      CompletableFuture<JoinGroupResponseData> reply) {
    member.update(rebalanceTimeoutMs(request), request.sessionTimeoutMs(), protocols);
    CompletableFuture<JoinGroupResponseData> former = member.takeJoining();
    if (former != null) {
      // A repeated join of one member: only the last one waits on. Nobody reads this answer, and
      // who does keeps its id and joins again.
      out.reply(former, ClassicAnswers.joinError(member.memberId(), Errors.REBALANCE_IN_PROGRESS));
    }
    member.joining(reply);
    rebalance.rebalance(group, out);
  }

  private void replaceStatic(
      ClassicGroup group,
      ClassicMember member,
      String newId,
      GroupCaller caller,
      JoinGroupRequestData request,
      Map<String, byte[]> protocols,
      Outbox out,
      CompletableFuture<JoinGroupResponseData> reply) {
    String formerId = member.memberId();
    rebalance.cancelSession(group, member, out);
    CompletableFuture<JoinGroupResponseData> joining = member.takeJoining();
    if (joining != null) {
      out.reply(joining, ClassicAnswers.joinError(formerId, Errors.FENCED_INSTANCE_ID));
    }
    CompletableFuture<SyncGroupResponseData> syncing = member.takeSyncing();
    if (syncing != null) {
      out.reply(syncing, ClassicAnswers.syncError(Errors.FENCED_INSTANCE_ID));
    }
    boolean led = group.isLeader(formerId);
    group.replaceMemberId(member, newId);
    member.update(rebalanceTimeoutMs(request), request.sessionTimeoutMs(), protocols);
    rebalance.touch(group, member, out);
    if (group.is(ClassicState.STABLE) && group.selectProtocol().equals(group.protocolName())) {
      // a restarted static member takes its place without a rebalance; its new id must survive us
      out.write(ClassicRecords.metadata(group, clock.wallMs()));
      boolean skip = led && caller.version() >= SKIP_ASSIGNMENT_SINCE;
      JoinGroupResponseData answer = ClassicAnswers.joined(group, member, skip);
      if (led && !skip) {
        // before version 9 the member must not believe it leads, or it would assign anew
        answer.setLeader(formerId).setMembers(List.of());
      }
      out.reply(reply, answer);
    } else {
      member.joining(reply);
      group.joinedDuringDelay(true);
      rebalance.rebalance(group, out);
    }
  }
}
