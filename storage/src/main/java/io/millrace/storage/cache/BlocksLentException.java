package io.millrace.storage.cache;

import org.apache.kafka.common.errors.KafkaStorageException;

/** Readers hold so much that no more may be loaded for them now. */
public final class BlocksLentException extends KafkaStorageException {
  private static final long serialVersionUID = 1L;

  BlocksLentException() {
    super("Too much older data is being sent at this moment; try again.");
  }
}
