package io.millrace.storage.metadata;

/**
 * A stored object was written by a newer version than this program reads; the message names its
 * key.
 */
public final class NewerVersionException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public NewerVersionException(String message) {
    super(message);
  }
}
