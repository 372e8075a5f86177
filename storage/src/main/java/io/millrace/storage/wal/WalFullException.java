package io.millrace.storage.wal;

/**
 * The WAL cannot take the batch now and has not taken it; the same call may succeed later. Reads
 * and what is in the WAL are not concerned.
 */
public final class WalFullException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public WalFullException(String message) {
    super(message);
  }
}
