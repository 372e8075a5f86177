package io.millrace.broker.handler;

import io.millrace.broker.api.ApiErrors;
import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.coordinator.transaction.EndRequest;
import io.millrace.coordinator.transaction.ProducerAnswer;
import io.millrace.coordinator.transaction.TransactionCoordinator;
import io.millrace.coordinator.transaction.TransactionShard.ProducerOf;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.EndTxnRequestData;
import org.apache.kafka.common.message.EndTxnResponseData;
import org.apache.kafka.common.protocol.ApiKeys;

/**
 * EndTxn: answered when the outcome is durable; the partitions learn of it afterwards. From version
 * 5 on the producer is told the epoch to go on with.
 */
public final class EndTxnHandler implements ApiHandler<EndTxnRequestData> {
  private static final int EPOCH_PER_TRANSACTION_SINCE = 5;
  private static final int FENCED_SINCE = 2;

  private final TransactionCoordinator transactions;

  public EndTxnHandler(TransactionCoordinator transactions) {
    this.transactions = transactions;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.END_TXN;
  }

  @Override
  public CompletableFuture<EndTxnResponseData> handle(
      RequestContext context, EndTxnRequestData request) {
    boolean bumps = context.version() >= EPOCH_PER_TRANSACTION_SINCE;
    EndRequest end =
        new EndRequest(
            new ProducerOf(
                request.transactionalId(), request.producerId(), request.producerEpoch()),
            request.committed(),
            bumps ? TransactionCoordinator.EPOCH_PER_TRANSACTION : 0);
    return transactions
        .<ProducerAnswer>call(
            request.transactionalId(), (shard, out, reply) -> shard.end(end, out, reply))
        .exceptionally(failure -> ProducerAnswer.refused(ApiErrors.of(failure)))
        .thenApply(answer -> {
          EndTxnResponseData response =
              new EndTxnResponseData()
                  .setErrorCode(
                      FencedProducers.error(answer.error(), context.version(), FENCED_SINCE)
                          .code());
          return bumps
              ? response.setProducerId(answer.producerId()).setProducerEpoch(answer.producerEpoch())
              : response;
        });
  }
}
