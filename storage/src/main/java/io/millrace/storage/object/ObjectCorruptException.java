package io.millrace.storage.object;

/** Bytes read back from an object are not what was written. Names the object; never answered with data. */
public final class ObjectCorruptException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public ObjectCorruptException(String message) {
    super(message);
  }
}
