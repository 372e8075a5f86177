package io.millrace.coordinator.transaction;

import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/** What becomes of a producer that wants to begin, by Kafka's rules (KIP-360, KIP-890). */
sealed interface InitDecision {
  record Refused(Errors error) implements InitDecision {}

  /** To be decided again with a producer id nobody had. */
  record NeedsProducerId() implements InitDecision {}

  /** A transaction is open: it is aborted, and the producer asks again. */
  record AbortFirst(Transaction open) implements InitDecision {}

  /**
   * It may begin.
   *
   * @param retryEpoch with which the same request may come again; -1 if it must not
   */
  record Initialised(Transaction transaction, short retryEpoch) implements InitDecision {}

  /**
   * Decides.
   *
   * @param initialisedFrom see {@link Initialised#retryEpoch}, of the last such request
   * @param newProducerId an id nobody had, if one was asked for
   */
  static InitDecision of(
      InitRequest request,
      @Nullable Transaction present,
      short initialisedFrom,
      long newProducerId,
      long nowMs) {
    boolean hasNewId = newProducerId != Transaction.NO_PRODUCER_ID;
    if (present == null) {
      return hasNewId
          ? bumped(
              Transaction.unborn(
                  request.transactionalId(), newProducerId, request.timeoutMs(), nowMs),
              request,
              nowMs)
          : new NeedsProducerId();
    }
    boolean sameId = request.producerId() == present.producerId();
    boolean formerId =
        request.producerId() == present.previousProducerId()
            && Transaction.exhausted(request.producerEpoch());
    if (request.goesOn() && !sameId && !formerId) {
      return new Refused(Errors.PRODUCER_FENCED);
    }
    boolean mayBump =
        !request.goesOn() || (sameId && request.producerEpoch() == present.producerEpoch());
    return switch (present.state()) {
      case PREPARE_COMMIT, PREPARE_ABORT -> new Refused(Errors.CONCURRENT_TRANSACTIONS);
      // One that was fenced must not abort its successor's transaction; Kafka finds out only
      // after that.
      case ONGOING -> mayBump ? new AbortFirst(present) : new Refused(Errors.PRODUCER_FENCED);
      case EMPTY, COMPLETE_COMMIT, COMPLETE_ABORT -> {
        if (mayBump && !present.exhausted()) {
          yield bumped(present, request, nowMs);
        }
        if (mayBump) {
          yield hasNewId ? rotated(present, request, newProducerId, nowMs) : new NeedsProducerId();
        }
        boolean retry =
            request.producerEpoch() == initialisedFrom
                || request.producerEpoch() == present.epochBeforeEnd();
        yield retry
            ? new Initialised(
                present.initialised(present.producerEpoch(), request.timeoutMs(), nowMs),
                request.producerEpoch())
            : new Refused(Errors.PRODUCER_FENCED);
      }
      case DEAD, PREPARE_EPOCH_FENCE -> throw new IllegalStateException(present.toString());
    };
  }

  private static InitDecision bumped(Transaction present, InitRequest request, long nowMs) {
    return new Initialised(
        present.initialised((short) (present.producerEpoch() + 1), request.timeoutMs(), nowMs),
        request.goesOn() ? present.producerEpoch() : Transaction.NO_EPOCH);
  }

  private static InitDecision rotated(
      Transaction present, InitRequest request, long newProducerId, long nowMs) {
    return new Initialised(
        present.rotated(newProducerId, request.timeoutMs(), nowMs),
        request.goesOn() ? present.producerEpoch() : Transaction.NO_EPOCH);
  }
}
