package io.millrace.broker.api;

import io.millrace.runtime.FailureCause;
import io.millrace.storage.metadata.MetadataLog.IncarnationEndedException;
import java.nio.ByteBuffer;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.NetworkException;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.AbstractResponse;
import org.jspecify.annotations.Nullable;

/** The one place that turns failures into Kafka's error codes. */
public final class ApiErrors {
  private ApiErrors() {}

  /** The failure itself, without the wrappers futures put around it. */
  public static @Nullable Throwable unwrap(@Nullable Throwable failure) {
    return failure == null ? null : FailureCause.of(failure);
  }

  /**
   * The error code of a failure; UNKNOWN_SERVER_ERROR for one that is not Kafka's. Where the
   * incarnation is over, others lead what it led.
   */
  public static Errors of(@Nullable Throwable failure) {
    Throwable cause = unwrap(failure);
    if (cause instanceof IncarnationEndedException) {
      return Errors.NOT_LEADER_OR_FOLLOWER;
    }
    return cause == null ? Errors.UNKNOWN_SERVER_ERROR : Errors.forException(cause);
  }

  /**
   * Whether any answer would say more than is known: what was asked for may have happened, or may
   * yet.
   */
  static boolean fateUnknown(Throwable failure) {
    Throwable cause = unwrap(failure);
    return cause instanceof NetworkException || cause instanceof IncarnationEndedException;
  }

  /** Whether a failure is an outcome the API knows, not a bug. */
  static boolean expected(Throwable failure) {
    return unwrap(failure) instanceof ApiException;
  }

  /**
   * The API's response for a request that failed as a whole; null if the client expects none.
   *
   * @param body the request's body as it came in
   */
  static @Nullable ApiMessage response(
      ApiKeys api, short version, ByteBuffer body, Throwable failure) {
    Throwable cause = unwrap(failure);
    AbstractResponse response =
        AbstractRequest.parseRequest(api, version, new ByteBufferAccessor(body))
            .request
            .getErrorResponse(0, cause == null ? failure : cause);
    return response == null ? null : response.data();
  }
}
