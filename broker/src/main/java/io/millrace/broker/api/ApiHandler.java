package io.millrace.broker.api;

import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.jspecify.annotations.Nullable;

/**
 * Serves one Kafka API. Called on the connection's loop; must not block. A failure of the future is
 * turned into the API's error response by ApiErrors.
 *
 * @param <Q> request data class
 */
public interface ApiHandler<Q extends ApiMessage> {
  ApiKeys api();

  /** Oldest version served. */
  default short oldestVersion() {
    return api().oldestVersion();
  }

  /** Newest version served; not one that Kafka calls unstable. */
  default short newestVersion() {
    return api().latestVersion(false);
  }

  /**
   * The response data. Byte buffers of the request (record batches) stay valid until the future
   * completes. Completes with null where the client expects no response (produce with acks=0).
   */
  CompletableFuture<? extends @Nullable ApiMessage> handle(RequestContext context, Q request);
}
