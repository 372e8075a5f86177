package io.millrace.coordinator.transaction;

import io.millrace.runtime.Clock;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * For how long transactions have been open, in monotonic time, added up over the coordinators they
 * had: each record of an open transaction says its age, a new coordinator goes on from there, and
 * time without a coordinator counts nothing. Soft; owned by its shard.
 */
final class TransactionAges {
  /** An age is written down when it has grown by this part of the timeout. */
  private static final int PARTS_OF_TIMEOUT = 4;

  private final Clock clock;
  private final Map<String, Long> openSinceNs = new LinkedHashMap<>();

  TransactionAges(Clock clock) {
    this.clock = clock;
  }

  /** A state was replayed. */
  void track(Transaction transaction) {
    String id = transaction.transactionalId();
    if (transaction.state() != TransactionState.ONGOING) {
      forget(id);
      return;
    }
    long since = clock.monotonicNs() - TimeUnit.MILLISECONDS.toNanos(transaction.recordedAgeMs());
    openSinceNs.merge(id, since, Math::min);
  }

  void forget(String id) {
    openSinceNs.remove(id);
  }

  /** 0 if none is open. */
  long ageMs(String id) {
    Long since = openSinceNs.get(id);
    return since == null ? 0 : TimeUnit.NANOSECONDS.toMillis(clock.monotonicNs() - since);
  }

  /** Whether a takeover now would forget too much of the transaction's age. */
  boolean worthRecording(Transaction open, int intervalMs) {
    long unrecordedMs = ageMs(open.transactionalId()) - open.recordedAgeMs();
    return unrecordedMs >= Math.max(open.timeoutMs() / PARTS_OF_TIMEOUT, intervalMs);
  }
}
