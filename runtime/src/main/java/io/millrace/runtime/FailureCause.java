package io.millrace.runtime;

import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

/** What a future failed with, without the wrappers that futures put around it. */
public final class FailureCause {
  private FailureCause() {}

  public static Throwable of(Throwable failure) {
    Throwable cause = failure;
    while (cause instanceof CompletionException || cause instanceof ExecutionException) {
      Throwable wrapped = cause.getCause();
      if (wrapped == null) {
        break;
      }
      cause = wrapped;
    }
    return cause;
  }
}
