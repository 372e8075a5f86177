package io.millrace.coordinator.group.classic;

import io.millrace.coordinator.Outbox;
import io.millrace.runtime.Clock;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.apache.kafka.common.message.JoinGroupResponseData;
import org.apache.kafka.common.message.SyncGroupResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a classic group gets from one generation to the next, and the timers behind it: who waits for
 * whom, who is dropped. Membership in between two generations is soft state that clients rebuild;
 * what a generation decided is written before anyone learns it. Runs on the shard's loop.
 */
final class ClassicRebalance {
  private static final Logger LOG = LoggerFactory.getLogger(ClassicRebalance.class);

  /**
   * A member that was given an id must come back with it, and a fresh one be admitted, within this
   * time.
   */
  private static final int NEW_MEMBER_TIMEOUT_MS = 300_000;

  private final ClassicSettings settings;
  private final Clock clock;
  private final Consumer<ClassicGroup> forget;

  /**
   * @param forget told of a group of which nothing is left
   */
  ClassicRebalance(ClassicSettings settings, Clock clock, Consumer<ClassicGroup> forget) {
    this.settings = settings;
    this.clock = clock;
    this.forget = forget;
  }

  /** Begins a rebalance where none runs, and completes it where everyone is there. */
  void rebalance(ClassicGroup group, Outbox out) {
    switch (group.state()) {
      case STABLE, COMPLETING_REBALANCE, EMPTY -> begin(group, out);
      case PREPARING_REBALANCE -> completeIfAllJoined(group, out);
    }
  }

  private void begin(ClassicGroup group, Outbox out) {
    for (ClassicMember member : group.members()) {
      CompletableFuture<SyncGroupResponseData> syncing = member.takeSyncing();
      if (syncing != null) {
        touch(group, member, out);
        out.reply(syncing, ClassicAnswers.syncError(Errors.REBALANCE_IN_PROGRESS));
      }
    }
    out.cancelTimer(syncTimer(group));
    boolean initial = group.is(ClassicState.EMPTY);
    group.become(ClassicState.PREPARING_REBALANCE, clock.wallMs());
    LOG.info(
        "Group {} rebalances after generation {} with {} members",
        group.groupId(),
        group.generation(),
        group.size());
    if (initial && settings.initialRebalanceDelayMs() > 0) {
      waitForMore(group, group.rebalanceTimeoutMs(), out);
    } else if (group.allJoined()) {
      completeJoin(group, out);
    } else {
      out.expiry(joinTimer(group), group.rebalanceTimeoutMs(), later -> completeJoin(group, later));
    }
  }

  /** The initial delay: more members may follow the first, and one rebalance serves them all. */
  private void waitForMore(ClassicGroup group, int leftMs, Outbox out) {
    int delayMs = Math.min(settings.initialRebalanceDelayMs(), leftMs);
    group.initialDelayLeftMs(OptionalInt.of(leftMs - delayMs));
    group.joinedDuringDelay(false);
    out.timer(joinTimer(group), delayMs, later -> initialDelayOver(group, later));
  }

  private void initialDelayOver(ClassicGroup group, Outbox out) {
    int leftMs = group.initialDelayLeftMs().orElse(0);
    if (group.joinedDuringDelay() && leftMs > 0) {
      waitForMore(group, leftMs, out);
    } else {
      completeJoin(group, out);
    }
  }

  private void completeIfAllJoined(ClassicGroup group, Outbox out) {
    if (group.initialDelayLeftMs().isEmpty() && group.allJoined()) {
      completeJoin(group, out);
    }
  }

  private void completeJoin(ClassicGroup group, Outbox out) {
    out.cancelTimer(joinTimer(group));
    group.initialDelayLeftMs(OptionalInt.empty());
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
    LOG.info(
        "Group {} begins generation {} with {} members, protocol {}",
        group.groupId(),
        group.generation(),
        group.size(),
        group.protocolName());
    if (group.is(ClassicState.EMPTY)) {
      out.write(ClassicRecords.metadata(group, nowMs));
      return;
    }
    out.expiry(syncTimer(group), group.rebalanceTimeoutMs(), later -> syncTimedOut(group, later));
    for (ClassicMember member : group.members()) {
      CompletableFuture<JoinGroupResponseData> joining = member.takeJoining();
      if (joining != null) {
        out.reply(joining, ClassicAnswers.joined(group, member, false));
      }
      group.pendingSyncs().add(member.memberId());
      member.fresh(false);
      touch(group, member, out);
    }
  }

  private void syncTimedOut(ClassicGroup group, Outbox out) {
    if (!group.is(ClassicState.COMPLETING_REBALANCE) && !group.is(ClassicState.STABLE)) {
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
      begin(group, out);
    }
  }

  /** Takes a member out, and a rebalance deals with what it had. */
  void remove(ClassicGroup group, ClassicMember member, Outbox out) {
    out.cancelTimer(sessionTimer(group, member.memberId()));
    CompletableFuture<JoinGroupResponseData> joining = member.takeJoining();
    if (joining != null) {
      out.reply(joining, ClassicAnswers.joinError("", Errors.UNKNOWN_MEMBER_ID));
    }
    CompletableFuture<SyncGroupResponseData> syncing = member.takeSyncing();
    if (syncing != null) {
      out.reply(syncing, ClassicAnswers.syncError(Errors.UNKNOWN_MEMBER_ID));
    }
    group.remove(member);
    switch (group.state()) {
      case STABLE, COMPLETING_REBALANCE -> begin(group, out);
      case PREPARING_REBALANCE -> completeIfAllJoined(group, out);
      case EMPTY -> {}
    }
  }

  /** A member that was given an id and has not come back with it. */
  void expectPending(ClassicGroup group, String memberId, int sessionTimeoutMs, Outbox out) {
    group.pendingMembers().add(memberId);
    out.expiry(
        sessionTimer(group, memberId),
        sessionTimeoutMs,
        later -> removePending(group, memberId, later));
  }

  /** False if none of that id was expected. */
  boolean removePending(ClassicGroup group, String memberId, Outbox out) {
    if (!group.pendingMembers().remove(memberId)) {
      return false;
    }
    out.cancelTimer(sessionTimer(group, memberId));
    if (group.is(ClassicState.PREPARING_REBALANCE)) {
      completeIfAllJoined(group, out);
    } else if (group.isUnused()) {
      forget.accept(group);
    }
    return true;
  }

  /** A member that has just been added: it may take longer than its session to be admitted. */
  void expectFresh(ClassicGroup group, ClassicMember member, Outbox out) {
    member.fresh(true);
    out.expiry(
        sessionTimer(group, member.memberId()),
        NEW_MEMBER_TIMEOUT_MS,
        later -> sessionExpired(group, member, later));
  }

  /** A sign of life: the session begins anew. */
  void touch(ClassicGroup group, ClassicMember member, Outbox out) {
    out.expiry(
        sessionTimer(group, member.memberId()),
        member.sessionTimeoutMs(),
        later -> sessionExpired(group, member, later));
  }

  private void sessionExpired(ClassicGroup group, ClassicMember member, Outbox out) {
    if (!member.equals(group.member(member.memberId()))) {
      return;
    }
    if ((member.isJoining() && !member.fresh()) || member.isSyncing()) {
      // waits for others: that is not silence
      touch(group, member, out);
      return;
    }
    LOG.info("Group {} loses its silent member {}", group.groupId(), member.memberId());
    remove(group, member, out);
  }

  /** The group ends here: nobody is waited for, those who wait have to ask again. */
  void release(ClassicGroup group, Outbox out) {
    out.cancelTimer(joinTimer(group));
    out.cancelTimer(syncTimer(group));
    group.pendingMembers().forEach(id -> out.cancelTimer(sessionTimer(group, id)));
    for (ClassicMember member : group.members()) {
      out.cancelTimer(sessionTimer(group, member.memberId()));
      CompletableFuture<JoinGroupResponseData> joining = member.takeJoining();
      if (joining != null) {
        out.reply(
            joining, ClassicAnswers.joinError(member.memberId(), Errors.REBALANCE_IN_PROGRESS));
      }
      CompletableFuture<SyncGroupResponseData> syncing = member.takeSyncing();
      if (syncing != null) {
        out.reply(syncing, ClassicAnswers.syncError(Errors.REBALANCE_IN_PROGRESS));
      }
    }
  }

  void cancelSession(ClassicGroup group, ClassicMember member, Outbox out) {
    out.cancelTimer(sessionTimer(group, member.memberId()));
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
}
