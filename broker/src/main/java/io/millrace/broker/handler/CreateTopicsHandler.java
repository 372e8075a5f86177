package io.millrace.broker.handler;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.broker.cluster.NewTopics;
import io.millrace.broker.cluster.Refusal;
import io.millrace.broker.config.ConfigEntry;
import io.millrace.broker.quota.ClientQuotas;
import io.millrace.broker.quota.Mutations;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.message.CreateTopicsRequestData;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopic;
import org.apache.kafka.common.message.CreateTopicsResponseData;
import org.apache.kafka.common.message.CreateTopicsResponseData.CreatableTopicConfigs;
import org.apache.kafka.common.message.CreateTopicsResponseData.CreatableTopicResult;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/**
 * CreateTopics: each topic on its own, with the configs it has in the answer; or validated only.
 */
public final class CreateTopicsHandler implements ApiHandler<CreateTopicsRequestData> {
  private static final int THROTTLE_REFUSES_SINCE = 6;

  private final NewTopics newTopics;
  private final ClientQuotas quotas;

  public CreateTopicsHandler(NewTopics newTopics, ClientQuotas quotas) {
    this.newTopics = newTopics;
    this.quotas = quotas;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.CREATE_TOPICS;
  }

  @Override
  public CompletableFuture<CreateTopicsResponseData> handle(
      RequestContext context, CreateTopicsRequestData request) {
    Map<String, CreatableTopic> topics = new LinkedHashMap<>();
    Set<String> twice = new HashSet<>();
    for (CreatableTopic topic : request.topics()) {
      if (topics.putIfAbsent(topic.name(), topic) != null) {
        twice.add(topic.name());
      }
    }
    long partitions = topics.values().stream().mapToLong(newTopics::partitions).sum();
    Mutations mutations = new Mutations(quotas, context, THROTTLE_REFUSES_SINCE);
    List<CompletableFuture<CreatableTopicResult>> results = new ArrayList<>();
    for (CreatableTopic topic : topics.values()) {
      CompletableFuture<NewTopics.Outcome> outcome;
      if (twice.contains(topic.name())) {
        outcome = refused(Refusal.invalidRequest("Duplicate topic name."));
      } else if (topic.name().equals(Topic.CLUSTER_METADATA_TOPIC_NAME)) {
        outcome =
            refused(
                Refusal.invalidRequest(
                    "Creation of internal topic %s is prohibited.".formatted(topic.name())));
      } else if (partitions > NewTopics.PARTITIONS_MAX) {
        outcome =
            refused(
                new Refusal(
                    Errors.POLICY_VIOLATION,
                    "Excessively large number of partitions per request."));
      } else {
        outcome = newTopics.create(topic, request.validateOnly(), mutations::allow);
      }
      results.add(outcome.thenApply(o -> result(topic.name(), o)));
    }
    return CompletableFuture.allOf(results.toArray(CompletableFuture<?>[]::new))
        .thenApply(_ -> {
          CreateTopicsResponseData response =
              new CreateTopicsResponseData().setThrottleTimeMs(mutations.throttleMs());
          results.forEach(result -> response.topics().add(result.resultNow()));
          return response;
        });
  }

  private static CompletableFuture<NewTopics.Outcome> refused(Refusal refusal) {
    return CompletableFuture.completedFuture(new NewTopics.Outcome.Refused(refusal));
  }

  private static CreatableTopicResult result(String name, NewTopics.Outcome outcome) {
    CreatableTopicResult result = new CreatableTopicResult().setName(name);
    return switch (outcome) {
      case NewTopics.Outcome.Refused(Refusal refusal) ->
          result.setErrorCode(refusal.error().code()).setErrorMessage(refusal.message());
      case NewTopics.Outcome.Created created ->
          result
              .setErrorMessage(null)
              .setTopicId(created.id())
              .setNumPartitions(created.partitions())
              .setReplicationFactor((short) created.replicationFactor())
              .setConfigs(created.configs().stream().map(CreateTopicsHandler::config).toList());
    };
  }

  private static CreatableTopicConfigs config(ConfigEntry entry) {
    return new CreatableTopicConfigs()
        .setName(entry.name())
        .setValue(entry.value())
        .setReadOnly(entry.readOnly())
        .setConfigSource(entry.source().wireId())
        .setIsSensitive(entry.sensitive());
  }
}
