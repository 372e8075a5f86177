package io.millrace.broker.cluster;

import io.millrace.storage.metadata.MetadataRecord.Endpoint;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.protocol.ApiMessage;

/**
 * Sends requests of Kafka's protocol to other brokers. Any thread may call; requests in flight to
 * one address are bounded.
 */
public interface BrokerLink {
  /** What brokers call themselves in requests to each other. */
  String CLIENT_ID = "broker";

  /** Of a broker that is the only one. */
  BrokerLink NONE =
      (address, request, version, timeoutNs) ->
          CompletableFuture.completedFuture(new Outcome.Silent("there is no other broker"));

  /** What came of a request. */
  sealed interface Outcome {
    record Answered(ApiMessage response) implements Outcome {}

    /** No answer in time, or no connection: it may have been delivered, or be delivered yet. */
    record Silent(String reason) implements Outcome {}
  }

  /**
   * Asks the broker at an address. Never completes exceptionally; completes within about {@code
   * timeoutNs}, on any thread.
   */
  CompletableFuture<Outcome> call(
      Endpoint address, ApiMessage request, short version, long timeoutNs);
}
