package io.millrace.coordinator.transaction;

import org.apache.kafka.common.protocol.Errors;

/** The producer id and epoch to go on with, or why there are none. */
public record ProducerAnswer(Errors error, long producerId, short producerEpoch) {
  static ProducerAnswer of(Transaction transaction) {
    return new ProducerAnswer(Errors.NONE, transaction.producerId(), transaction.producerEpoch());
  }

  public static ProducerAnswer refused(Errors error) {
    return new ProducerAnswer(error, Transaction.NO_PRODUCER_ID, Transaction.NO_EPOCH);
  }
}
