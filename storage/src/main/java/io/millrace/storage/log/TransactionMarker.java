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
    int transactionVersion) {
  private static final int EPOCHS_RISE = 2;

  /** Whether each transaction of the producer has an epoch of its own, below its marker's. */
  boolean epochsRise() {
    return transactionVersion >= EPOCHS_RISE;
  }

  /** The highest epoch of which this may be the end. The last epoch there is cannot be raised. */
  short endedEpoch() {
    return epochsRise() && producerEpoch < Short.MAX_VALUE
        ? (short) (producerEpoch - 1)
        : producerEpoch;
  }
}
