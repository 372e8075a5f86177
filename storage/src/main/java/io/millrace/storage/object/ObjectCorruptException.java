package io.millrace.storage.object;

import org.apache.kafka.common.errors.CorruptRecordException;

/**
 * Bytes read back from an object are not what was written. Names the object; never answered with
 * data.
 */
public final class ObjectCorruptException extends CorruptRecordException {
  private static final long serialVersionUID = 1L;

  public ObjectCorruptException(String message) {
    super(message);
  }
}
