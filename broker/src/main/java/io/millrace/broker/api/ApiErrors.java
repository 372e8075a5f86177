package io.millrace.broker.api;

import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/** The one place that turns failures into Kafka's error codes. */
public final class ApiErrors {
  private ApiErrors() {}

  /** The failure itself, without the wrappers futures put around it. */
  public static @Nullable Throwable unwrap(@Nullable Throwable failure) {
    Throwable cause = failure;
    while ((cause instanceof CompletionException || cause instanceof ExecutionException)
        && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause;
  }

  /** The error code of a failure; UNKNOWN_SERVER_ERROR for one that is not Kafka's. */
  public static Errors of(@Nullable Throwable failure) {
    Throwable cause = unwrap(failure);
    return cause == null ? Errors.UNKNOWN_SERVER_ERROR : Errors.forException(cause);
  }
}
