package io.millrace.broker.cluster;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.storage.metadata.MetadataLog;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.jspecify.annotations.Nullable;

/**
 * Handles a request on an image that shows whatever was committed before the request came, by any
 * broker. For what administers: a refusal for lack of a broker or topic that is there already would
 * be wrong, and no client tries again after it.
 *
 * @param <Q> request data class
 */
public final class AtTheTip<Q extends ApiMessage> implements ApiHandler<Q> {
  private final MetadataLog metadata;
  private final ApiHandler<Q> handler;

  public AtTheTip(MetadataLog metadata, ApiHandler<Q> handler) {
    this.metadata = metadata;
    this.handler = handler;
  }

  @Override
  public ApiKeys api() {
    return handler.api();
  }

  @Override
  public short oldestVersion() {
    return handler.oldestVersion();
  }

  @Override
  public short newestVersion() {
    return handler.newestVersion();
  }

  @Override
  public CompletableFuture<? extends @Nullable ApiMessage> handle(
      RequestContext context, Q request) {
    return metadata.refresh().thenCompose(_ -> handler.handle(context, request));
  }
}
