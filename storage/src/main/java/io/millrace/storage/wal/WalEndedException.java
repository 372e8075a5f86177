package io.millrace.storage.wal;

import org.jspecify.annotations.Nullable;

/** The WAL of this incarnation has ended; whether a batch in it survived is decided by recovery. */
public class WalEndedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public WalEndedException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
