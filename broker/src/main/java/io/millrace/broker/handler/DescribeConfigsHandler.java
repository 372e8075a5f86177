package io.millrace.broker.handler;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.broker.cluster.ClusterView;
import io.millrace.broker.cluster.NewTopics;
import io.millrace.broker.cluster.Refusal;
import io.millrace.broker.config.BrokerConfig;
import io.millrace.broker.config.ConfigEntry;
import io.millrace.broker.config.TopicConfigs;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataLog;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.message.DescribeConfigsRequestData;
import org.apache.kafka.common.message.DescribeConfigsRequestData.DescribeConfigsResource;
import org.apache.kafka.common.message.DescribeConfigsResponseData;
import org.apache.kafka.common.message.DescribeConfigsResponseData.DescribeConfigsResourceResult;
import org.apache.kafka.common.message.DescribeConfigsResponseData.DescribeConfigsResult;
import org.apache.kafka.common.message.DescribeConfigsResponseData.DescribeConfigsSynonym;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/**
 * DescribeConfigs: topics with their whole line of precedence, and this broker as it was started.
 */
public final class DescribeConfigsHandler implements ApiHandler<DescribeConfigsRequestData> {
  private final MetadataLog metadata;
  private final BrokerConfig config;
  private final TopicConfigs topicConfigs;

  public DescribeConfigsHandler(
      MetadataLog metadata, BrokerConfig config, TopicConfigs topicConfigs) {
    this.metadata = metadata;
    this.config = config;
    this.topicConfigs = topicConfigs;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.DESCRIBE_CONFIGS;
  }

  @Override
  public CompletableFuture<DescribeConfigsResponseData> handle(
      RequestContext context, DescribeConfigsRequestData request) {
    return CompletableFuture.completedFuture(
        new DescribeConfigsResponseData()
            .setResults(request.resources().stream().map(r -> describe(request, r)).toList()));
  }

  private sealed interface Found {
    record Entries(List<ConfigEntry> entries) implements Found {}

    record Refused(Refusal refusal) implements Found {}
  }

  private DescribeConfigsResult describe(
      DescribeConfigsRequestData request, DescribeConfigsResource resource) {
    DescribeConfigsResult result =
        new DescribeConfigsResult()
            .setResourceType(resource.resourceType())
            .setResourceName(resource.resourceName())
            .setErrorMessage("");
    return switch (find(resource)) {
      case Found.Refused(Refusal refusal) ->
          result.setErrorCode(refusal.error().code()).setErrorMessage(refusal.message());
      case Found.Entries(List<ConfigEntry> entries) ->
          result.setConfigs(
              entries.stream()
                  .filter(entry -> wanted(resource, entry))
                  .map(entry -> shown(request, entry))
                  .toList());
    };
  }

  private Found find(DescribeConfigsResource resource) {
    return switch (ConfigResource.Type.forId(resource.resourceType())) {
      case TOPIC -> topic(resource.resourceName());
      case BROKER -> broker(resource.resourceName());
      case GROUP, CLIENT_METRICS, BROKER_LOGGER ->
          new Found.Refused(
              Refusal.invalidRequest(
                  "Resource type %d has no configs on this broker."
                      .formatted(resource.resourceType())));
      case UNKNOWN -> new Found.Refused(Refusal.of(Errors.INVALID_REQUEST));
    };
  }

  private Found topic(String name) {
    Refusal badName = NewTopics.badName(name);
    if (badName != null) {
      return new Found.Refused(badName);
    }
    MetadataImage image = metadata.image();
    MetadataImage.Topic topic = image.topic(name);
    return topic == null
        ? new Found.Refused(new Refusal(Errors.UNKNOWN_TOPIC_OR_PARTITION, ""))
        : new Found.Entries(topicConfigs.describe(image, topic.id()));
  }

  private Found broker(String name) {
    if (name.isEmpty()) {
      return new Found.Entries(List.of()); // no defaults for the whole cluster are stored
    }
    int id;
    try {
      id = Integer.parseInt(name);
    } catch (NumberFormatException e) {
      return new Found.Refused(
          Refusal.invalidRequest("Broker id must be an integer, but it is: " + name));
    }
    int own = ClusterView.ownNodeId(metadata);
    return id == own
        ? new Found.Entries(config.describe())
        : new Found.Refused(
            Refusal.invalidRequest(
                "Unexpected broker id, expected %d or empty string, but received %s"
                    .formatted(own, name)));
  }

  private static boolean wanted(DescribeConfigsResource resource, ConfigEntry entry) {
    List<String> keys = resource.configurationKeys();
    return keys == null || keys.isEmpty() || keys.contains(entry.name());
  }

  private static DescribeConfigsResourceResult shown(
      DescribeConfigsRequestData request, ConfigEntry entry) {
    List<DescribeConfigsSynonym> synonyms =
        entry.synonyms().stream()
            .map(s ->
                new DescribeConfigsSynonym()
                    .setName(s.name())
                    .setValue(s.value())
                    .setSource(s.source().wireId()))
            .toList();
    return new DescribeConfigsResourceResult()
        .setName(entry.name())
        .setValue(entry.value())
        .setReadOnly(entry.readOnly())
        .setConfigSource(entry.source().wireId())
        .setIsSensitive(entry.sensitive())
        .setSynonyms(request.includeSynonyms() ? synonyms : List.of())
        .setConfigType(entry.type().wireId())
        .setDocumentation(request.includeDocumentation() ? entry.doc() : null);
  }
}
