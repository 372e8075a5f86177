package io.millrace.storage.log;

/**
 * The end of a transaction as the transaction coordinator orders it.
 *
 * @param coordinatorEpoch of the coordinator's partition; a marker of a lower one is refused
 * @param transactionVersion from 2 on a marker bears a higher epoch than the transaction it ends
 */
public record TransactionMarker(
    long producerId,
    short producerEpoch,
    int coordinatorEpoch,
    boolean committed,
    int transactionVersion) {}
