package io.millrace.coordinator.group.consumer;

import io.millrace.coordinator.Outbox;
import java.util.HashSet;
import java.util.Set;

/**
 * The deadlines of members of consumer groups. Whoever misses one is removed. Which join deadlines
 * run is soft: after a load they begin with the member's next heartbeat.
 */
final class ConsumerTimers {
  private final Fence fence;
  private final Set<String> joins = new HashSet<>();

  /** Removes a member that missed a deadline. */
  interface Fence {
    void fence(String groupId, String memberId, String reason, Outbox out);
  }

  ConsumerTimers(Fence fence) {
    this.fence = fence;
  }

  /** A sign of life: the session begins anew. */
  void session(String groupId, String memberId, int timeoutMs, Outbox out) {
    out.expiry(
        name("session", groupId, memberId),
        timeoutMs,
        later -> fence.fence(groupId, memberId, "its session expired", later));
  }

  /** It has partitions to give up. A later heartbeat of the same epoch does not extend this. */
  void revocation(String groupId, String memberId, int timeoutMs, Outbox out) {
    out.expiry(
        name("revocation", groupId, memberId),
        timeoutMs,
        later -> fence.fence(groupId, memberId, "it kept partitions it was to give up", later));
  }

  void revoked(String groupId, String memberId, Outbox out) {
    out.cancelTimer(name("revocation", groupId, memberId));
  }

  /** A member of the classic protocol was told to join again. */
  void join(String groupId, String memberId, int timeoutMs, Outbox out) {
    String name = name("join", groupId, memberId);
    if (joins.add(name)) {
      out.expiry(
          name,
          timeoutMs,
          later -> {
            joins.remove(name);
            fence.fence(groupId, memberId, "it did not join again", later);
          });
    }
  }

  void joined(String groupId, String memberId, Outbox out) {
    String name = name("join", groupId, memberId);
    if (joins.remove(name)) {
      out.cancelTimer(name);
    }
  }

  /** A member of the classic protocol has joined, and fetches its assignment next. */
  void sync(String groupId, String memberId, int timeoutMs, Outbox out) {
    out.expiry(
        name("sync", groupId, memberId),
        timeoutMs,
        later -> fence.fence(groupId, memberId, "it did not fetch its assignment", later));
  }

  void synced(String groupId, String memberId, Outbox out) {
    out.cancelTimer(name("sync", groupId, memberId));
  }

  /** The member is gone. */
  void cancel(String groupId, String memberId, Outbox out) {
    out.cancelTimer(name("session", groupId, memberId));
    revoked(groupId, memberId, out);
    joined(groupId, memberId, out);
    synced(groupId, memberId, out);
  }

  private static String name(String kind, String groupId, String memberId) {
    return "consumer-" + kind + "/" + groupId + "/" + memberId;
  }
}
