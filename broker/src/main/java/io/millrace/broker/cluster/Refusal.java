package io.millrace.broker.cluster;

import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * Why one part of a request is not done.
 *
 * @param message null where Kafka sends none
 */
public record Refusal(Errors error, @Nullable String message) {
  /** With the error's own message. */
  public static Refusal of(Errors error) {
    return new Refusal(error, error.message());
  }

  public static Refusal invalidRequest(String message) {
    return new Refusal(Errors.INVALID_REQUEST, message);
  }
}
