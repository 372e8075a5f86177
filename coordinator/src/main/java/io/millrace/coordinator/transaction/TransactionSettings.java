package io.millrace.coordinator.transaction;

/**
 * How transactions are coordinated.
 *
 * @param timeoutMsMax longest time a producer may leave a transaction open
 * @param abortCheckMs how often it is looked for transactions that are open too long
 * @param idExpirationMs idle time after which a transactional id is forgotten
 * @param expirationCheckMs how often it is looked for such ids
 */
public record TransactionSettings(
    int timeoutMsMax, int abortCheckMs, int idExpirationMs, int expirationCheckMs) {}
