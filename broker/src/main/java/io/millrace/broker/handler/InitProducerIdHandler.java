package io.millrace.broker.handler;

import io.millrace.broker.api.ApiErrors;
import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.coordinator.transaction.InitRequest;
import io.millrace.coordinator.transaction.NewProducerIds;
import io.millrace.coordinator.transaction.ProducerAnswer;
import io.millrace.coordinator.transaction.TransactionCoordinator;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.InitProducerIdRequestData;
import org.apache.kafka.common.message.InitProducerIdResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/**
 * InitProducerId: for idempotent producers a new id each time, whatever id the producer had; for
 * transactional ones what the coordinator of the transactional id says.
 */
public final class InitProducerIdHandler implements ApiHandler<InitProducerIdRequestData> {
  private static final long NO_PRODUCER_ID = -1;
  private static final short NO_EPOCH = -1;

  /** Before, clients knew lost epochs as INVALID_PRODUCER_EPOCH only. */
  private static final int FENCED_SINCE = 4;

  private final NewProducerIds producerIds;
  private final TransactionCoordinator transactions;

  public InitProducerIdHandler(NewProducerIds producerIds, TransactionCoordinator transactions) {
    this.producerIds = producerIds;
    this.transactions = transactions;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.INIT_PRODUCER_ID;
  }

  @Override
  public CompletableFuture<InitProducerIdResponseData> handle(
      RequestContext context, InitProducerIdRequestData request) {
    String transactionalId = request.transactionalId();
    CompletableFuture<ProducerAnswer> answer;
    if ((request.producerId() == NO_PRODUCER_ID) != (request.producerEpoch() == NO_EPOCH)) {
      answer = CompletableFuture.completedFuture(ProducerAnswer.refused(Errors.INVALID_REQUEST));
    } else if (transactionalId == null) {
      answer = producerIds.next().thenApply(InitProducerIdHandler::idempotent);
    } else {
      InitRequest init =
          new InitRequest(
              transactionalId,
              request.transactionTimeoutMs(),
              request.producerId(),
              request.producerEpoch());
      answer =
          transactions
              .<ProducerAnswer>call(
                  transactionalId, (shard, out, reply) -> shard.init(init, out, reply))
              .exceptionally(failure -> ProducerAnswer.refused(ApiErrors.of(failure)));
    }
    return answer.thenApply(each ->
        new InitProducerIdResponseData()
            .setErrorCode(
                FencedProducers.error(each.error(), context.version(), FENCED_SINCE).code())
            .setProducerId(each.producerId())
            .setProducerEpoch(each.producerEpoch()));
  }

  private static ProducerAnswer idempotent(NewProducerIds.Given given) {
    return switch (given) {
      case NewProducerIds.Given.Id(long id) -> new ProducerAnswer(Errors.NONE, id, (short) 0);
      case NewProducerIds.Given.None(Errors error) -> ProducerAnswer.refused(error);
    };
  }
}
