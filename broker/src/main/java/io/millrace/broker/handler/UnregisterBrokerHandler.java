package io.millrace.broker.handler;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataRecord.NodeUnregistered;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.UnregisterBrokerRequestData;
import org.apache.kafka.common.message.UnregisterBrokerResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/**
 * UnregisterBroker: a broker that is gone is no longer told of. One that lives is not sent away; it
 * ends by being stopped.
 */
public final class UnregisterBrokerHandler implements ApiHandler<UnregisterBrokerRequestData> {
  private final MetadataLog metadata;

  public UnregisterBrokerHandler(MetadataLog metadata) {
    this.metadata = metadata;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.UNREGISTER_BROKER;
  }

  @Override
  public CompletableFuture<UnregisterBrokerResponseData> handle(
      RequestContext context, UnregisterBrokerRequestData request) {
    int id = request.brokerId();
    return metadata
        .submit(new NodeUnregistered(id))
        .thenApply(outcome ->
            switch (outcome) {
              case MetadataLog.Outcome.Applied _ -> new UnregisterBrokerResponseData();
              case MetadataLog.Outcome.Voided(_, MetadataImage image) ->
                  image.broker(id) != null
                      ? refused(
                          Errors.INVALID_REQUEST,
                          "Broker ID %d is alive; stop it before it is unregistered.".formatted(id))
                      : refused(
                          Errors.BROKER_ID_NOT_REGISTERED,
                          "Broker ID %d is not currently registered".formatted(id));
            });
  }

  private static UnregisterBrokerResponseData refused(Errors error, String message) {
    return new UnregisterBrokerResponseData().setErrorCode(error.code()).setErrorMessage(message);
  }
}
