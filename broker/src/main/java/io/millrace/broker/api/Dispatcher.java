package io.millrace.broker.api;

import io.millrace.protocol.EncodedResponse;
import io.millrace.protocol.RequestDecoder;
import io.millrace.protocol.ResponseEncoder;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * From a request frame to a response frame: decodes, finds the handler, turns its failure into the
 * API's error response, encodes. Called on the connection's loop; answers are encoded there too,
 * whichever thread completes the handler. Knows nothing of sockets.
 */
public final class Dispatcher {
  private static final Logger LOG = LoggerFactory.getLogger(Dispatcher.class);
  private static final short UNSUPPORTED_ANSWER_VERSION = 0;

  private final ApiTable table;
  private final RequestCounters counters;
  private final Throttle throttle;
  private final RequestDecoder decoder = new RequestDecoder();
  private final ThrottleTimes throttleTimes = new ThrottleTimes();

  /** For clients that are not throttled. */
  public Dispatcher(ApiTable table, RequestCounters counters) {
    this(table, counters, Throttle.NONE);
  }

  public Dispatcher(ApiTable table, RequestCounters counters, Throttle throttle) {
    this.table = table;
    this.counters = counters;
    this.throttle = throttle;
  }

  /**
   * Serves one request. The frame (without length prefix) must stay as it is until the result
   * completes.
   *
   * @return the response, to be released by the caller; null where the client expects none; fails
   *     with {@link RefusedRequestException} where the connection must be closed
   */
  public CompletableFuture<@Nullable EncodedResponse> dispatch(
      ByteBuffer frame, Caller caller, long arrivalNs) {
    try {
      RequestHeaderData header = decoder.header(frame);
      ApiKeys api = ApiKeys.forId(header.requestApiKey());
      ApiHandler<?> handler = table.handler(api, header.requestApiVersion());
      if (handler != null) {
        return call(handler, new Request(api, header, frame, caller), arrivalNs);
      }
      counters.onRefused();
      if (api == ApiKeys.API_VERSIONS) {
        return CompletableFuture.completedFuture(
            ResponseEncoder.encode(
                api,
                UNSUPPORTED_ANSWER_VERSION,
                header.correlationId(),
                table.apiVersions().unsupportedVersion()));
      }
      return refuse(api + " version " + header.requestApiVersion() + " is not served", null);
    } catch (InvalidRequestException e) {
      counters.onRefused();
      return refuse(String.valueOf(e.getMessage()), e);
    }
  }

  private static CompletableFuture<@Nullable EncodedResponse> refuse(
      String reason, @Nullable Throwable cause) {
    return CompletableFuture.failedFuture(
        cause == null
            ? new RefusedRequestException(reason)
            : new RefusedRequestException(reason, cause));
  }

  private CompletableFuture<@Nullable EncodedResponse> call(
      ApiHandler<?> handler, Request request, long arrivalNs) {
    RequestContext context = request.context(arrivalNs);
    int requestBytes = request.frame().limit();
    Throttle.Served served = throttle.onRequest(request.api(), context, requestBytes);
    ByteBuffer bodyBytes = request.frame().slice();
    ApiMessage body = decoder.body(request.api(), request.version(), request.frame());
    counters.onRequest(request.api());
    CompletableFuture<@Nullable EncodedResponse> result = new CompletableFuture<>();
    CompletableFuture<? extends @Nullable ApiMessage> answer;
    try {
      answer = handle(handler, context, body);
    } catch (RuntimeException failure) {
      answer = CompletableFuture.failedFuture(failure);
    }
    served.onHandled();
    if (answer.isDone()) {
      answer.whenComplete(
          (data, failure) -> complete(result, request, served, bodyBytes, data, failure));
    } else {
      answer.whenComplete((data, failure) -> {
        Runnable task = () -> complete(result, request, served, bodyBytes, data, failure);
        try {
          request.caller().loop().execute(task);
        } catch (RejectedExecutionException loopEnded) {
          // Completed all the same, so that the receiver can release what the answer holds.
          task.run();
        }
      });
    }
    return result;
  }

  // The table's constructor does not relate a handler's API to its request class; the handlers'
  // tests do.
  @SuppressWarnings("unchecked")
  private static <Q extends ApiMessage> CompletableFuture<? extends @Nullable ApiMessage> handle(
      ApiHandler<Q> handler, RequestContext context, ApiMessage body) {
    return handler.handle(context, (Q) body);
  }

  private void complete(
      CompletableFuture<@Nullable EncodedResponse> result,
      Request request,
      Throttle.Served served,
      ByteBuffer bodyBytes,
      @Nullable ApiMessage data,
      @Nullable Throwable failure) {
    try {
      if (failure == null) {
        result.complete(answer(request, served, data));
        return;
      }
      counters.onFailure(request.api());
      if (ApiErrors.fateUnknown(failure)) { // the client has to ask again
        result.completeExceptionally(
            new RefusedRequestException(request.api() + " has no answer", failure));
        return;
      }
      if (!ApiErrors.expected(failure)) {
        LOG.error("Handler failed api={} version={}", request.api(), request.version(), failure);
      }
      ApiMessage error = ApiErrors.response(request.api(), request.version(), bodyBytes, failure);
      if (error == null) {
        result.completeExceptionally(
            new RefusedRequestException(request.api() + " without response failed", failure));
      } else {
        result.complete(answer(request, served, error));
      }
    } catch (RuntimeException bug) {
      LOG.error("Response cannot be made api={} version={}", request.api(), request.version(), bug);
      result.completeExceptionally(
          new RefusedRequestException(request.api() + " cannot be answered", bug));
    }
  }

  /** Tells the client how long it has to wait, and leaves its requests unread for so long. */
  private @Nullable EncodedResponse answer(
      Request request, Throttle.Served served, @Nullable ApiMessage data) {
    int waitMs = served.waitMs();
    if (data != null) {
      waitMs = throttleTimes.raise(data, waitMs);
    }
    if (waitMs > 0) {
      request.caller().connection().pauseReading(waitMs);
    }
    return data == null ? null : request.encode(data);
  }

  private record Request(ApiKeys api, RequestHeaderData header, ByteBuffer frame, Caller caller) {
    short version() {
      return header.requestApiVersion();
    }

    RequestContext context(long arrivalNs) {
      String clientId = header.clientId();
      return new RequestContext(
          version(),
          header.correlationId(),
          clientId == null ? "" : clientId,
          caller.listener(),
          caller.client(),
          caller.principal(),
          arrivalNs,
          caller.connection());
    }

    EncodedResponse encode(ApiMessage data) {
      return ResponseEncoder.encode(api, version(), header.correlationId(), data);
    }
  }
}
