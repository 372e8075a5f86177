package io.millrace.storage.recovery;

/**
 * A log that was durable is damaged. The message names file, partitions and offsets; nothing was
 * changed.
 */
public final class WalCorruptException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public WalCorruptException(String message) {
    super(message);
  }
}
