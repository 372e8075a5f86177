package io.millrace.broker.handler;

import org.apache.kafka.common.protocol.Errors;

/** How producers learn that another one has taken their epoch. */
final class FencedProducers {
  private FencedProducers() {}

  /**
   * The error as a client of that version knows it.
   *
   * @param since version that knows PRODUCER_FENCED
   */
  static Errors error(Errors error, int version, int since) {
    return error == Errors.PRODUCER_FENCED && version < since
        ? Errors.INVALID_PRODUCER_EPOCH
        : error;
  }
}
