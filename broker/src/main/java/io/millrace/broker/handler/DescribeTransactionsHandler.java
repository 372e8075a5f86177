package io.millrace.broker.handler;

import io.millrace.broker.api.ApiErrors;
import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.coordinator.transaction.TransactionCoordinator;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.DescribeTransactionsRequestData;
import org.apache.kafka.common.message.DescribeTransactionsResponseData;
import org.apache.kafka.common.message.DescribeTransactionsResponseData.TransactionState;
import org.apache.kafka.common.protocol.ApiKeys;

/** DescribeTransactions: producer, state and partitions of transactional ids coordinated here. */
public final class DescribeTransactionsHandler
    implements ApiHandler<DescribeTransactionsRequestData> {
  private final TransactionCoordinator transactions;

  public DescribeTransactionsHandler(TransactionCoordinator transactions) {
    this.transactions = transactions;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.DESCRIBE_TRANSACTIONS;
  }

  @Override
  public CompletableFuture<DescribeTransactionsResponseData> handle(
      RequestContext context, DescribeTransactionsRequestData request) {
    List<CompletableFuture<TransactionState>> parts = new ArrayList<>();
    for (String id : request.transactionalIds()) {
      parts.add(
          transactions
              .<TransactionState>ask(id, (shard, out, reply) -> shard.describe(id, out, reply))
              .exceptionally(failure ->
                  new TransactionState()
                      .setTransactionalId(id)
                      .setErrorCode(ApiErrors.of(failure).code())));
    }
    return CompletableFuture.allOf(parts.toArray(CompletableFuture[]::new))
        .thenApply(_ ->
            new DescribeTransactionsResponseData()
                .setTransactionStates(parts.stream().map(CompletableFuture::resultNow).toList()));
  }
}
