package io.millrace.storage.object;

import org.apache.kafka.common.errors.KafkaStorageException;

/** The store gave no answer to a read, several times over; trying again later is right. */
public final class StoreUnavailableException extends KafkaStorageException {
  private static final long serialVersionUID = 1L;

  public StoreUnavailableException(String message) {
    super(message);
  }
}
