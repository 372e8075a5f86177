package io.millrace.storage.log;

import org.jspecify.annotations.Nullable;

/** The data folder cannot be used as it is; the message names it and says what to do. */
public final class DataFolderException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public DataFolderException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
