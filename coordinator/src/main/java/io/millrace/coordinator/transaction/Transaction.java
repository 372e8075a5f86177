package io.millrace.coordinator.transaction;

import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;

/**
 * What the coordinator knows of a transactional id; immutable, each method yields the state after
 * one transition. The epochs and ids follow Kafka's rules (KIP-360, KIP-890); whether a request may
 * bring a transition about is for {@link TransactionShard} to decide.
 *
 * @param previousProducerId the producer id before the last transition
 * @param nextProducerId takes over when the transaction is complete, because the epochs of this one
 *     are used up; {@link #NO_PRODUCER_ID} if none does
 * @param startMs wall time the open or last transaction began; -1 if there was none
 * @param updatedMs wall time of the last transition; while a transaction is open, {@code startMs}
 *     and its age in monotonic time
 * @param clientVersion transaction version of the client that brought the last transition about
 */
record Transaction(
    String transactionalId,
    long producerId,
    long previousProducerId,
    long nextProducerId,
    short producerEpoch,
    int timeoutMs,
    TransactionState state,
    Set<TopicPartition> partitions,
    long startMs,
    long updatedMs,
    short clientVersion) {
  static final long NO_PRODUCER_ID = -1;
  static final short NO_EPOCH = -1;
  static final long NO_TIME = -1;

  /** The first version in which every transaction has an epoch of its own. */
  static final short EPOCH_PER_TRANSACTION = 2;

  Transaction {
    partitions = Collections.unmodifiableSet(new LinkedHashSet<>(partitions));
    if (state == TransactionState.EMPTY && !partitions.isEmpty()) {
      throw new IllegalArgumentException(
          transactionalId + " has partitions without a transaction: " + partitions);
    }
  }

  /** An id never seen before, with the producer id it is given; not to be stored as it is. */
  static Transaction unborn(String transactionalId, long producerId, int timeoutMs, long nowMs) {
    return new Transaction(
        transactionalId,
        producerId,
        producerId,
        NO_PRODUCER_ID,
        NO_EPOCH,
        timeoutMs,
        TransactionState.EMPTY,
        Set.of(),
        NO_TIME,
        nowMs,
        (short) 0);
  }

  /**
   * Whether a producer with this epoch has none left to go on with: the last one is kept, so that
   * the coordinator can always fence.
   */
  static boolean exhausted(short epoch) {
    return epoch >= Short.MAX_VALUE - 1;
  }

  boolean exhausted() {
    return exhausted(producerEpoch);
  }

  boolean born() {
    return producerEpoch != NO_EPOCH;
  }

  /** A producer begins with the epoch given, which is this one's or the next. */
  Transaction initialised(short epoch, int newTimeoutMs, long nowMs) {
    require(state.idle() && (epoch == producerEpoch || epoch == producerEpoch + 1), "initialised");
    return initialised(producerId, epoch, newTimeoutMs, nowMs);
  }

  /** A producer begins with a new producer id, since this one's epochs are used up. */
  Transaction rotated(long newProducerId, int newTimeoutMs, long nowMs) {
    require(state.idle() && exhausted(), "rotated");
    return initialised(newProducerId, (short) 0, newTimeoutMs, nowMs);
  }

  private Transaction initialised(long newId, short newEpoch, int newTimeoutMs, long nowMs) {
    return new Transaction(
        transactionalId,
        newId,
        producerId,
        NO_PRODUCER_ID,
        newEpoch,
        newTimeoutMs,
        TransactionState.EMPTY,
        Set.of(),
        NO_TIME,
        nowMs,
        clientVersion);
  }

  /** Partitions are added; the transaction begins if none is open. */
  Transaction plus(Collection<TopicPartition> added, long nowMs, short version) {
    require(!state.ending(), "given partitions");
    Set<TopicPartition> all = new LinkedHashSet<>(partitions);
    all.addAll(added);
    return new Transaction(
        transactionalId,
        producerId,
        producerId,
        nextProducerId,
        producerEpoch,
        timeoutMs,
        TransactionState.ONGOING,
        all,
        state == TransactionState.ONGOING ? startMs : nowMs,
        nowMs,
        version);
  }

  /** The producer has lost its epoch; only a step on the way to an abort. */
  Transaction fenced() {
    require(state == TransactionState.ONGOING, "fenced");
    return withEpoch(nextEpoch());
  }

  private Transaction withEpoch(short epoch) {
    return new Transaction(
        transactionalId,
        producerId,
        producerId,
        nextProducerId,
        epoch,
        timeoutMs,
        state,
        partitions,
        startMs,
        updatedMs,
        clientVersion);
  }

  /** The last epoch there is stays what it is. */
  private short nextEpoch() {
    return producerEpoch == Short.MAX_VALUE ? producerEpoch : (short) (producerEpoch + 1);
  }

  /**
   * The outcome is decided. From version 2 on the epoch goes up with it, and what has no open
   * transaction can be aborted too.
   *
   * @param nextId see {@link #nextProducerId}
   */
  Transaction prepared(boolean commit, short version, long nextId, long nowMs) {
    boolean bumps = version >= EPOCH_PER_TRANSACTION;
    boolean open = state == TransactionState.ONGOING;
    require(open || (bumps && !commit && state.idle()), commit ? "committed" : "aborted");
    return new Transaction(
        transactionalId,
        producerId,
        producerId,
        nextId,
        bumps ? nextEpoch() : producerEpoch,
        timeoutMs,
        commit ? TransactionState.PREPARE_COMMIT : TransactionState.PREPARE_ABORT,
        partitions,
        open ? startMs : nowMs,
        nowMs,
        version);
  }

  /** Every partition has its marker. */
  Transaction completed(long nowMs) {
    require(state.ending(), "completed");
    boolean rotates = clientVersion >= EPOCH_PER_TRANSACTION && nextProducerId != NO_PRODUCER_ID;
    return new Transaction(
        transactionalId,
        rotates ? nextProducerId : producerId,
        producerId,
        NO_PRODUCER_ID,
        rotates ? 0 : producerEpoch,
        timeoutMs,
        state == TransactionState.PREPARE_COMMIT
            ? TransactionState.COMPLETE_COMMIT
            : TransactionState.COMPLETE_ABORT,
        Set.of(),
        startMs,
        nowMs,
        clientVersion);
  }

  /** The same, its age written down. */
  Transaction aged(long ageMs) {
    require(state == TransactionState.ONGOING, "aged");
    return new Transaction(
        transactionalId,
        producerId,
        previousProducerId,
        nextProducerId,
        producerEpoch,
        timeoutMs,
        state,
        partitions,
        startMs,
        startMs + ageMs,
        clientVersion);
  }

  /** How old an open transaction was when this state was written down. */
  long recordedAgeMs() {
    return Math.max(0, updatedMs - startMs);
  }

  /**
   * The epoch the producer had before the last end of a transaction gave it this one; {@link
   * #NO_EPOCH} if it did not get it that way.
   */
  short epochBeforeEnd() {
    boolean byEnd =
        (state == TransactionState.COMPLETE_COMMIT || state == TransactionState.COMPLETE_ABORT)
            && clientVersion >= EPOCH_PER_TRANSACTION;
    if (!byEnd || producerEpoch == Short.MAX_VALUE) { // at its maximum it was fenced
      return NO_EPOCH;
    }
    return producerEpoch > 0 ? (short) (producerEpoch - 1) : (short) (Short.MAX_VALUE - 1);
  }

  private void require(boolean legal, String transition) {
    if (!legal) {
      throw new IllegalStateException(
          "%s in state %s cannot be %s".formatted(transactionalId, state, transition));
    }
  }
}
