package io.millrace.broker.transaction;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.broker.cluster.BrokerLink;
import io.millrace.storage.metadata.MetadataRecord.Endpoint;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;

/**
 * Requests to this broker and to others, which the test answers.
 *
 * @param <Q> request data class
 */
final class SimulatedBrokers<Q extends ApiMessage> implements BrokerLink, ApiHandler<Q> {
  final List<Asked<Q>> own = new ArrayList<>();
  final List<Asked<Q>> others = new ArrayList<>();
  private final ApiKeys api;
  private final Class<Q> type;

  SimulatedBrokers(ApiKeys api, Class<Q> type) {
    this.api = api;
    this.type = type;
  }

  /** A request without an answer. */
  record Asked<Q>(String host, Q request, CompletableFuture<Outcome> outcome) {
    void answer(ApiMessage response) {
      outcome.complete(new Outcome.Answered(response));
    }

    void staySilent() {
      outcome.complete(new Outcome.Silent("the test says so"));
    }
  }

  @Override
  public ApiKeys api() {
    return api;
  }

  @Override
  public CompletableFuture<ApiMessage> handle(RequestContext context, Q request) {
    CompletableFuture<Outcome> outcome = new CompletableFuture<>();
    own.add(new Asked<>("own", request, outcome));
    return outcome.thenApply(each ->
        switch (each) {
          case Outcome.Answered(ApiMessage response) -> response;
          case Outcome.Silent(String reason) -> throw new IllegalStateException(reason);
        });
  }

  @Override
  public CompletableFuture<Outcome> call(
      Endpoint address, ApiMessage request, short version, long timeoutNs) {
    CompletableFuture<Outcome> outcome = new CompletableFuture<>();
    others.add(new Asked<>(address.host(), type.cast(request), outcome));
    return outcome;
  }
}
