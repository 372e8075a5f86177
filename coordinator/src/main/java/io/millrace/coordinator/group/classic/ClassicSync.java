package io.millrace.coordinator.group.classic;

import io.millrace.coordinator.Outbox;
import io.millrace.runtime.Clock;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.SyncGroupRequestData;
import org.apache.kafka.common.message.SyncGroupResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * The second half of a rebalance: the leader hands in the assignment, it is written, and then every
 * member learns its part. Runs on the shard's loop.
 */
final class ClassicSync {
  private final ClassicRebalance rebalance;
  private final Clock clock;

  ClassicSync(ClassicRebalance rebalance, Clock clock) {
    this.rebalance = rebalance;
    this.clock = clock;
  }

  void sync(
      ClassicGroup group,
      SyncGroupRequestData request,
      Outbox out,
      CompletableFuture<SyncGroupResponseData> reply) {
    Errors error = group.validate(request.memberId(), request.groupInstanceId());
    ClassicMember member = group.member(request.memberId());
    if (error != Errors.NONE || member == null) {
      out.reply(reply, ClassicAnswers.syncError(error));
    } else if (request.generationId() != group.generation()) {
      out.reply(reply, ClassicAnswers.syncError(Errors.ILLEGAL_GENERATION));
    } else if (differs(request.protocolType(), group.protocolType())
        || differs(request.protocolName(), group.protocolName())) {
      out.reply(reply, ClassicAnswers.syncError(Errors.INCONSISTENT_GROUP_PROTOCOL));
    } else {
      syncMember(group, member, request, out, reply);
    }
  }

  private static boolean differs(@Nullable String claimed, @Nullable String actual) {
    return claimed != null && !claimed.equals(actual);
  }

  private void syncMember(
      ClassicGroup group,
      ClassicMember member,
      SyncGroupRequestData request,
      Outbox out,
      CompletableFuture<SyncGroupResponseData> reply) {
    switch (group.state()) {
      case EMPTY -> out.reply(reply, ClassicAnswers.syncError(Errors.UNKNOWN_MEMBER_ID));
      case PREPARING_REBALANCE ->
          out.reply(reply, ClassicAnswers.syncError(Errors.REBALANCE_IN_PROGRESS));
      case COMPLETING_REBALANCE -> {
        CompletableFuture<SyncGroupResponseData> former = member.takeSyncing();
        if (former != null) {
          out.reply(former, ClassicAnswers.syncError(Errors.REBALANCE_IN_PROGRESS));
        }
        member.syncing(reply);
        group.pendingSyncs().remove(member.memberId());
        if (group.isLeader(member.memberId())) {
          assign(group, request, out);
        }
      }
      case STABLE -> {
        group.pendingSyncs().remove(member.memberId());
        rebalance.touch(group, member, out);
        out.reply(reply, ClassicAnswers.synced(group, member));
      }
    }
  }

  private void assign(ClassicGroup group, SyncGroupRequestData request, Outbox out) {
    Map<String, byte[]> assignments = new LinkedHashMap<>();
    request.assignments().forEach(a -> assignments.put(a.memberId(), a.assignment()));
    for (ClassicMember member : group.members()) {
      member.assignment(assignments.getOrDefault(member.memberId(), ClassicMember.NO_BYTES));
    }
    long nowMs = clock.wallMs();
    group.become(ClassicState.STABLE, nowMs);
    out.write(ClassicRecords.metadata(group, nowMs));
    for (ClassicMember member : group.members()) {
      CompletableFuture<SyncGroupResponseData> syncing = member.takeSyncing();
      if (syncing != null) {
        rebalance.touch(group, member, out);
        out.reply(syncing, ClassicAnswers.synced(group, member));
      }
    }
  }
}
