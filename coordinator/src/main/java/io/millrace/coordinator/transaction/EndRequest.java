package io.millrace.coordinator.transaction;

/**
 * A producer that wants its transaction to end.
 *
 * @param clientVersion transaction version the client works by
 */
public record EndRequest(
    TransactionShard.ProducerOf producer, boolean commit, short clientVersion) {}
