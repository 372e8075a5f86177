package io.millrace.broker.handler;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.coordinator.transaction.TransactionCoordinator;
import io.millrace.coordinator.transaction.TransactionFilter;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.ListTransactionsRequestData;
import org.apache.kafka.common.message.ListTransactionsResponseData;
import org.apache.kafka.common.protocol.ApiKeys;

/** ListTransactions: the transactional ids coordinated here that a filter lets through. */
public final class ListTransactionsHandler implements ApiHandler<ListTransactionsRequestData> {
  private final TransactionCoordinator transactions;

  public ListTransactionsHandler(TransactionCoordinator transactions) {
    this.transactions = transactions;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.LIST_TRANSACTIONS;
  }

  @Override
  public CompletableFuture<ListTransactionsResponseData> handle(
      RequestContext context, ListTransactionsRequestData request) {
    TransactionFilter filter =
        new TransactionFilter(
            request.stateFilters(),
            request.producerIdFilters(),
            request.durationFilter(),
            request.transactionalIdPattern());
    return transactions
        .list(filter)
        .thenApply(found ->
            new ListTransactionsResponseData()
                .setUnknownStateFilters(filter.unknownStates())
                .setTransactionStates(found));
  }
}
