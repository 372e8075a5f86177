package io.millrace.storage.log;

import org.jspecify.annotations.Nullable;

/** The data folder or shared store cannot be used as it is; says which, and what to do. */
public final class UnusableStoreException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public UnusableStoreException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
