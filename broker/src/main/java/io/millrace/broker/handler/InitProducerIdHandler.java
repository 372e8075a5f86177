package io.millrace.broker.handler;

import io.millrace.broker.api.ApiErrors;
import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.apache.kafka.common.message.InitProducerIdRequestData;
import org.apache.kafka.common.message.InitProducerIdResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * InitProducerId for idempotent producers: a new id each time, whatever id the producer had. A
 * transactional id is refused with the error whose text sends the user to the broker's log, and the
 * log says why.
 */
public final class InitProducerIdHandler implements ApiHandler<InitProducerIdRequestData> {
  private static final Logger LOG = LoggerFactory.getLogger(InitProducerIdHandler.class);
  private static final long NO_PRODUCER_ID = -1;
  private static final short NO_EPOCH = -1;

  private final Supplier<CompletableFuture<Long>> producerIds;

  /**
   * @param producerIds gives an id nobody had
   */
  public InitProducerIdHandler(Supplier<CompletableFuture<Long>> producerIds) {
    this.producerIds = producerIds;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.INIT_PRODUCER_ID;
  }

  @Override
  public CompletableFuture<InitProducerIdResponseData> handle(
      RequestContext context, InitProducerIdRequestData request) {
    if ((request.producerId() == NO_PRODUCER_ID) != (request.producerEpoch() == NO_EPOCH)) {
      return CompletableFuture.completedFuture(error(Errors.INVALID_REQUEST));
    }
    if (request.transactionalId() != null) {
      LOG.warn(
          "A producer of client {} at {} asks for transactions, which this version does not serve",
          context.clientId(),
          context.client());
      return CompletableFuture.completedFuture(error(Errors.INVALID_REQUEST));
    }
    return producerIds
        .get()
        .handle((id, failure) -> {
          if (id != null) {
            return new InitProducerIdResponseData().setProducerId(id).setProducerEpoch((short) 0);
          }
          // whatever the reason, the client does right to ask again
          Errors error = ApiErrors.of(failure);
          return error(
              error == Errors.UNKNOWN_SERVER_ERROR ? Errors.COORDINATOR_LOAD_IN_PROGRESS : error);
        });
  }

  private static InitProducerIdResponseData error(Errors error) {
    return new InitProducerIdResponseData()
        .setErrorCode(error.code())
        .setProducerId(NO_PRODUCER_ID)
        .setProducerEpoch(NO_EPOCH);
  }
}
