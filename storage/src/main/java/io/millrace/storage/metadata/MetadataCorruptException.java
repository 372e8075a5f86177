package io.millrace.storage.metadata;

/** A stored object of the metadata log is not what was written; the message names its key. */
public final class MetadataCorruptException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public MetadataCorruptException(String message) {
    super(message);
  }
}
