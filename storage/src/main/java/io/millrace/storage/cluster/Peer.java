package io.millrace.storage.cluster;

import io.millrace.storage.metadata.MetadataImage.Incarnation;
import io.millrace.storage.metadata.MetadataRecord.Endpoint;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What this broker knows of another registered incarnation, and the rule by which it is suspected.
 * Monotonic time only (invariant I6). Owned by the cluster loop.
 */
final class Peer {
  /** Refused once may be a listener that is being opened. */
  private static final int REFUSALS = 2;

  final Incarnation incarnation;
  final @Nullable Endpoint address;

  /** The heartbeat in flight; at most one. */
  @Nullable CompletableFuture<Void> heartbeat;

  /** The image's number in the last heartbeat sent. */
  long toldEntryNumber;

  /** To be sent when the heartbeat in flight is over. */
  boolean newsWaits;

  /** Others are being asked about it, or its fence is being committed. */
  boolean underTrial;

  private long lastHeardNs;
  private long entryNumber;
  private long storeAgeMs;
  private int refusals;
  private long suspectedSinceNs;
  private boolean suspected;

  Peer(Incarnation incarnation, @Nullable Endpoint address, long nowNs) {
    this.incarnation = incarnation;
    this.address = address;
    this.lastHeardNs = nowNs;
  }

  void onHeard(long nowNs, long entryNumber, long storeAgeMs) {
    lastHeardNs = nowNs;
    this.entryNumber = Math.max(this.entryNumber, entryNumber);
    this.storeAgeMs = storeAgeMs;
    refusals = 0;
  }

  /** Nobody listens at its address, or somebody else does. */
  void onRefused() {
    refusals = Math.min(REFUSALS, refusals + 1);
  }

  void onSilent() {
    refusals = 0;
  }

  /** Nothing that was observed before counts. */
  void forgive(long nowNs) {
    lastHeardNs = nowNs;
    storeAgeMs = 0;
    refusals = 0;
    suspected = false;
  }

  boolean refusedOnce() {
    return refusals == 1;
  }

  Heard heard(long nowNs) {
    return new Heard(entryNumber, nowNs - lastHeardNs);
  }

  /** Of its image, as far as it has told. */
  long entryNumber() {
    return entryNumber;
  }

  /**
   * Why it is suspected, null if it is not.
   *
   * @param ownAnsweringForNs how long this broker's store has answered without a gap: its age tells
   *     against another only where the store is not to blame
   */
  @Nullable String suspicion(long nowNs, long sessionTimeoutNs, long ownAnsweringForNs) {
    String reason = null;
    if (refusals >= REFUSALS) {
      reason = "nobody of its name listens at its address";
    } else if (nowNs - lastHeardNs > sessionTimeoutNs) {
      reason = "silent for %d ms".formatted(TimeUnit.NANOSECONDS.toMillis(nowNs - lastHeardNs));
    } else if (storeAgeMs > TimeUnit.NANOSECONDS.toMillis(sessionTimeoutNs)
        && ownAnsweringForNs >= sessionTimeoutNs) {
      reason = "the store has not answered it for %d ms".formatted(storeAgeMs);
    }
    if (reason != null && !suspected) {
      suspectedSinceNs = nowNs;
    }
    suspected = reason != null;
    return reason;
  }

  /** Since {@link #suspicion} first gave a reason without a break. */
  long suspectedForNs(long nowNs) {
    return suspected ? nowNs - suspectedSinceNs : 0;
  }
}
