package io.millrace.broker.handler;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.broker.cluster.NewTopics;
import io.millrace.broker.cluster.Refusal;
import io.millrace.broker.config.ClientMetricsConfigs;
import io.millrace.broker.config.ConfigEntry;
import io.millrace.broker.config.ConfigSource;
import io.millrace.broker.config.ConfigType;
import io.millrace.broker.config.ResourceConfigs;
import io.millrace.storage.metadata.MetadataImage;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.message.DescribeConfigsRequestData;
import org.apache.kafka.common.message.DescribeConfigsRequestData.DescribeConfigsResource;
import org.apache.kafka.common.message.DescribeConfigsResponseData;
import org.apache.kafka.common.message.DescribeConfigsResponseData.DescribeConfigsResourceResult;
import org.apache.kafka.common.message.DescribeConfigsResponseData.DescribeConfigsResult;
import org.apache.kafka.common.message.DescribeConfigsResponseData.DescribeConfigsSynonym;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/** DescribeConfigs: resources with everything that gives their configs, in line of precedence. */
public final class DescribeConfigsHandler implements ApiHandler<DescribeConfigsRequestData> {
  private final Supplier<MetadataImage> image;
  private final ResourceConfigs configs;

  public DescribeConfigsHandler(Supplier<MetadataImage> image, ResourceConfigs configs) {
    this.image = image;
    this.configs = configs;
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
    MetadataImage now = image.get();
    String name = resource.resourceName();
    return switch (ConfigResource.Type.forId(resource.resourceType())) {
      case TOPIC -> topic(now, name);
      case BROKER ->
          name.isEmpty()
              ? new Found.Entries(configs.brokers().describeDefaults(now))
              : broker(name, () -> configs.brokers().describe(now));
      case BROKER_LOGGER -> broker(name, this::loggers);
      case GROUP ->
          name.isEmpty()
              ? new Found.Refused(Refusal.invalidRequest("Group name must not be empty"))
              : new Found.Entries(configs.groups().describe(now, name));
      case CLIENT_METRICS ->
          name.isEmpty()
              ? new Found.Refused(
                  Refusal.invalidRequest("Client metrics subscription name must not be empty"))
              : new Found.Entries(ClientMetricsConfigs.describe(now, name));
      case UNKNOWN -> new Found.Refused(Refusal.of(Errors.INVALID_REQUEST));
    };
  }

  private List<ConfigEntry> loggers() {
    return configs.loggers().levels().entrySet().stream()
        .map(logger ->
            new ConfigEntry(
                logger.getKey(),
                logger.getValue(),
                ConfigSource.BROKER_LOGGER,
                false,
                false,
                List.of(),
                null,
                null))
        .toList();
  }

  private Found topic(MetadataImage now, String name) {
    Refusal badName = NewTopics.badName(name);
    if (badName != null) {
      return new Found.Refused(badName);
    }
    MetadataImage.Topic topic = now.topic(name);
    return topic == null
        ? new Found.Refused(new Refusal(Errors.UNKNOWN_TOPIC_OR_PARTITION, ""))
        : new Found.Entries(configs.topics().describe(now, topic.id()));
  }

  private Found broker(String name, Supplier<List<ConfigEntry>> entries) {
    int id;
    try {
      id = Integer.parseInt(name);
    } catch (NumberFormatException e) {
      return new Found.Refused(
          Refusal.invalidRequest("Broker id must be an integer, but it is: " + name));
    }
    int own = configs.brokers().nodeId();
    return id == own
        ? new Found.Entries(entries.get())
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
        .setConfigType(typeId(entry))
        .setDocumentation(request.includeDocumentation() ? entry.doc() : null);
  }

  private static byte typeId(ConfigEntry entry) {
    ConfigType type = entry.type();
    return type == null ? 0 : type.wireId();
  }
}
