package io.millrace.coordinator.transaction;

import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of a producer's wish to commit or abort, by Kafka's rules: up to transaction version
 * 1 the epoch stays and the state alone tells a retry; from 2 on the epoch goes up with each end,
 * so that an epoch one below is a retry, and an abort is legal though no partition was added
 * (KIP-890).
 */
sealed interface EndDecision {
  record Refused(Errors error) implements EndDecision {}

  /** A retry of an end that has taken place. */
  record EndedBefore(Transaction ended) implements EndDecision {}

  /** To be decided again with a producer id nobody had, since this one's epochs are used up. */
  record NeedsProducerId() implements EndDecision {}

  /** The outcome is decided. */
  record Prepared(Transaction transaction) implements EndDecision {}

  /**
   * Decides.
   *
   * @param newProducerId an id nobody had, if one was asked for
   */
  static EndDecision of(
      EndRequest request, @Nullable Transaction present, long newProducerId, long nowMs) {
    if (present == null) {
      return new Refused(Errors.INVALID_PRODUCER_ID_MAPPING);
    }
    return request.clientVersion() >= Transaction.EPOCH_PER_TRANSACTION
        ? withEpochPerTransaction(request, present, newProducerId, nowMs)
        : withLastingEpoch(request, present, nowMs);
  }

  private static EndDecision withLastingEpoch(EndRequest request, Transaction present, long nowMs) {
    if (present.producerId() != request.producer().producerId()) {
      return new Refused(Errors.INVALID_PRODUCER_ID_MAPPING);
    }
    if (present.producerEpoch() != request.producer().producerEpoch()) {
      return new Refused(Errors.PRODUCER_FENCED);
    }
    return switch (present.state()) {
      case ONGOING ->
          new Prepared(
              present.prepared(
                  request.commit(), request.clientVersion(), Transaction.NO_PRODUCER_ID, nowMs));
      case COMPLETE_COMMIT -> endedBefore(request.commit(), present);
      case COMPLETE_ABORT -> endedBefore(!request.commit(), present);
      case PREPARE_COMMIT -> underWay(request.commit());
      case PREPARE_ABORT -> underWay(!request.commit());
      case EMPTY -> new Refused(Errors.INVALID_TXN_STATE);
      case DEAD, PREPARE_EPOCH_FENCE -> throw new IllegalStateException(present.toString());
    };
  }

  private static EndDecision withEpochPerTransaction(
      EndRequest request, Transaction present, long newProducerId, long nowMs) {
    short epoch = request.producer().producerEpoch();
    boolean sameId = present.producerId() == request.producer().producerId();
    boolean retryOverIds =
        !sameId
            && present.previousProducerId() == request.producer().producerId()
            && epoch == Short.MAX_VALUE - 1
            && present.producerEpoch() == 0;
    if (!sameId && !retryOverIds) {
      return new Refused(Errors.INVALID_PRODUCER_ID_MAPPING);
    }
    boolean current = sameId && epoch == present.producerEpoch();
    // only an end of this version has raised the epoch: after one of version 1, who is an epoch
    // behind has been fenced
    boolean retry =
        present.clientVersion() >= Transaction.EPOCH_PER_TRANSACTION
            && (retryOverIds || (sameId && epoch + 1 == present.producerEpoch()));
    boolean valid =
        switch (present.state()) {
          case EMPTY, ONGOING -> current;
          case PREPARE_COMMIT, PREPARE_ABORT -> sameId && (current || retry);
          // no end hands out the last epoch there is: who has it took it from the producer
          case COMPLETE_COMMIT, COMPLETE_ABORT ->
              current || (retry && present.producerEpoch() < Short.MAX_VALUE);
          case DEAD, PREPARE_EPOCH_FENCE -> throw new IllegalStateException(present.toString());
        };
    if (!valid) {
      return new Refused(Errors.PRODUCER_FENCED);
    }
    return switch (present.state()) {
      case ONGOING -> prepared(request, present, newProducerId, nowMs);
      // the next transaction may be given up before the markers of this one are written
      case PREPARE_COMMIT -> underWay(current || request.commit());
      case PREPARE_ABORT -> underWay(current || !request.commit());
      case EMPTY, COMPLETE_COMMIT, COMPLETE_ABORT -> {
        if (retry) {
          yield endedBefore(
              request.commit() == (present.state() == TransactionState.COMPLETE_COMMIT), present);
        }
        yield request.commit()
            ? new Refused(Errors.INVALID_TXN_STATE)
            : prepared(request, present, newProducerId, nowMs);
      }
      case DEAD, PREPARE_EPOCH_FENCE -> throw new IllegalStateException(present.toString());
    };
  }

  private static EndDecision prepared(
      EndRequest request, Transaction present, long newProducerId, long nowMs) {
    if (present.exhausted() && newProducerId == Transaction.NO_PRODUCER_ID) {
      return new NeedsProducerId();
    }
    return new Prepared(
        present.prepared(
            request.commit(),
            request.clientVersion(),
            present.exhausted() ? newProducerId : Transaction.NO_PRODUCER_ID,
            nowMs));
  }

  private static EndDecision endedBefore(boolean sameOutcome, Transaction ended) {
    return sameOutcome ? new EndedBefore(ended) : new Refused(Errors.INVALID_TXN_STATE);
  }

  private static EndDecision underWay(boolean again) {
    return new Refused(again ? Errors.CONCURRENT_TRANSACTIONS : Errors.INVALID_TXN_STATE);
  }
}
