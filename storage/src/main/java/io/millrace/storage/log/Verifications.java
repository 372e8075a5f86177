package io.millrace.storage.log;

import java.util.LinkedHashMap;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.OutOfOrderSequenceException;
import org.jspecify.annotations.Nullable;

/**
 * Producers whose transaction the coordinator is being asked about, or has confirmed, before their
 * first batch came (KIP-890). Requests of one producer share a guard; what it writes or what ends a
 * transaction of its epoch makes the guard void. Owned by the partition's critical section.
 */
final class Verifications {
  /** More than wait at a time; of those that nobody makes use of, the oldest is forgotten. */
  static final int PRODUCERS_MAX = 10_000;

  private final LinkedHashMap<Long, Verification> byProducer = new LinkedHashMap<>();

  /** One producer's guard, and the lowest sequence that waits for the coordinator's answer. */
  private static final class Verification {
    private final VerificationGuard guard = new VerificationGuard();
    private final boolean epochBumps;
    private short epoch;
    private int lowestSequence;
    private long askedAtNs;

    Verification(short epoch, int firstSequence, boolean epochBumps) {
      this.epoch = epoch;
      this.lowestSequence = firstSequence;
      this.epochBumps = epochBumps;
    }

    void join(short newEpoch, int firstSequence, long nowNs) {
      askedAtNs = nowNs;
      if (newEpoch > epoch || (newEpoch == epoch && firstSequence < lowestSequence)) {
        epoch = newEpoch;
        lowestSequence = firstSequence;
      }
    }
  }

  VerificationGuard begin(long id, short epoch, int firstSequence, boolean epochBumps, long nowNs) {
    Verification verification =
        byProducer.computeIfAbsent(id, _ -> new Verification(epoch, firstSequence, epochBumps));
    verification.join(epoch, firstSequence, nowNs);
    if (byProducer.size() > PRODUCERS_MAX) {
      byProducer.pollFirstEntry();
    }
    return verification.guard;
  }

  /** Whether a batch under this guard may open a transaction. */
  @SuppressWarnings("ReferenceEquality") // a guard is one moment, not a value
  boolean admits(long id, VerificationGuard guard) {
    Verification verification = byProducer.get(id);
    return verification != null && verification.guard == guard;
  }

  /**
   * Batches of one producer may be confirmed in any order; none may come before what it sent first.
   */
  @Nullable ApiException sequenceRefusal(long id, @Nullable Producer producer, int first) {
    Verification verification = byProducer.isEmpty() ? null : byProducer.get(id);
    if (verification == null) {
      return null;
    }
    boolean mustBeginAnew =
        verification.epochBumps && first != 0 && (producer == null || producer.hasNoBatches());
    return mustBeginAnew || first > verification.lowestSequence
        ? new OutOfOrderSequenceException(
            "Producer %d begins a transaction with sequence %d; it has sent %d before."
                .formatted(id, first, mustBeginAnew ? 0 : verification.lowestSequence))
        : null;
  }

  void forget(long id) {
    byProducer.remove(id);
  }

  /**
   * A transaction of this epoch or a lower one has ended. A producer may ask about the next one
   * while the marker is on its way.
   */
  void forgetUpTo(long id, short epoch) {
    byProducer.computeIfPresent(
        id, (_, verification) -> verification.epoch > epoch ? verification : null);
  }

  void expire(long nowNs, long idleMaxNs) {
    byProducer.values().removeIf(verification -> nowNs - verification.askedAtNs >= idleMaxNs);
  }
}
