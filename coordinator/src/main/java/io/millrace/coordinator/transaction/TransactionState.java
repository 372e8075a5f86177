package io.millrace.coordinator.transaction;

import java.util.Arrays;
import java.util.Optional;

/**
 * States of a transactional id, with the numbers Kafka stores and the names its tools show. Empty,
 * Ongoing, PrepareCommit or PrepareAbort, then CompleteCommit or CompleteAbort, from which the next
 * transaction begins. Dead and PrepareEpochFence are Kafka's names for what here takes no time:
 * they are neither stored nor entered.
 */
public enum TransactionState {
  EMPTY(0, "Empty"),
  ONGOING(1, "Ongoing"),
  PREPARE_COMMIT(2, "PrepareCommit"),
  PREPARE_ABORT(3, "PrepareAbort"),
  COMPLETE_COMMIT(4, "CompleteCommit"),
  COMPLETE_ABORT(5, "CompleteAbort"),
  DEAD(6, "Dead"),
  PREPARE_EPOCH_FENCE(7, "PrepareEpochFence");

  private final byte id;
  private final String text;

  TransactionState(int id, String text) {
    this.id = (byte) id;
    this.text = text;
  }

  byte id() {
    return id;
  }

  /** As the protocol and the tools show it. */
  public String text() {
    return text;
  }

  /** The outcome is decided and markers are on their way. */
  boolean ending() {
    return this == PREPARE_COMMIT || this == PREPARE_ABORT;
  }

  /** No transaction is open and none is being ended. */
  boolean idle() {
    return this == EMPTY || this == COMPLETE_COMMIT || this == COMPLETE_ABORT;
  }

  static TransactionState ofId(byte id) {
    return Arrays.stream(values())
        .filter(state -> state.id == id)
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no transaction state has number " + id));
  }

  static Optional<TransactionState> named(String text) {
    return Arrays.stream(values()).filter(state -> state.text.equals(text)).findFirst();
  }
}
