package io.millrace.coordinator.transaction;

/**
 * A producer that wants to begin.
 *
 * @param producerId what it had before, to go on with; -1 if it is new
 * @param producerEpoch likewise
 */
public record InitRequest(
    String transactionalId, int timeoutMs, long producerId, short producerEpoch) {
  /** Whether it wants to go on with what it has, and must not fence another. */
  boolean goesOn() {
    return producerId != Transaction.NO_PRODUCER_ID;
  }
}
