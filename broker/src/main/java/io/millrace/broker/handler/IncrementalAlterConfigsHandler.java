package io.millrace.broker.handler;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.broker.cluster.NewTopics;
import io.millrace.broker.cluster.Refusal;
import io.millrace.broker.config.BrokerKeys;
import io.millrace.broker.config.TopicConfigChanges;
import io.millrace.broker.config.TopicConfigChanges.Change;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataRecord.ConfigScope;
import io.millrace.storage.metadata.MetadataRecord.ConfigsChanged;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData.AlterConfigsResource;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData.AlterableConfig;
import org.apache.kafka.common.message.IncrementalAlterConfigsResponseData;
import org.apache.kafka.common.message.IncrementalAlterConfigsResponseData.AlterConfigsResourceResponse;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/**
 * IncrementalAlterConfigs: sets, deletes, appends to and subtracts from configs of topics. A list
 * is changed as it stands when the change is committed, so that none is lost between two requests.
 * Configs of brokers are read at their start only, so that deleting one, as Kafka's tools do when
 * they tidy up, finds nothing to delete.
 */
public final class IncrementalAlterConfigsHandler
    implements ApiHandler<IncrementalAlterConfigsRequestData> {
  private final MetadataLog metadata;
  private final TopicConfigChanges changes;

  public IncrementalAlterConfigsHandler(MetadataLog metadata, TopicConfigChanges changes) {
    this.metadata = metadata;
    this.changes = changes;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.INCREMENTAL_ALTER_CONFIGS;
  }

  @Override
  public CompletableFuture<IncrementalAlterConfigsResponseData> handle(
      RequestContext context, IncrementalAlterConfigsRequestData request) {
    Map<Resource, Integer> times = new HashMap<>();
    request.resources().forEach(r -> times.merge(Resource.of(r), 1, Integer::sum));
    List<CompletableFuture<AlterConfigsResourceResponse>> responses = new ArrayList<>();
    for (AlterConfigsResource resource : request.resources()) {
      CompletableFuture<Optional<Refusal>> altered =
          times.getOrDefault(Resource.of(resource), 0) > 1
              ? refused(Refusal.invalidRequest("Each resource must appear at most once."))
              : alter(resource, request.validateOnly());
      responses.add(altered.thenApply(refusal -> response(resource, refusal)));
    }
    return CompletableFuture.allOf(responses.toArray(CompletableFuture<?>[]::new))
        .thenApply(_ ->
            new IncrementalAlterConfigsResponseData()
                .setResponses(responses.stream().map(CompletableFuture::resultNow).toList()));
  }

  private record Resource(byte type, String name) {
    static Resource of(AlterConfigsResource resource) {
      return new Resource(resource.resourceType(), resource.resourceName());
    }
  }

  private CompletableFuture<Optional<Refusal>> alter(
      AlterConfigsResource resource, boolean validateOnly) {
    return switch (ConfigResource.Type.forId(resource.resourceType())) {
      case TOPIC -> alterTopic(resource, validateOnly);
      case BROKER -> alterBroker(resource);
      case BROKER_LOGGER, CLIENT_METRICS, GROUP -> unalterable(resource);
      case UNKNOWN ->
          refused(Refusal.invalidRequest("Unknown resource type " + resource.resourceType()));
    };
  }

  private CompletableFuture<Optional<Refusal>> alterBroker(AlterConfigsResource resource) {
    boolean deletes =
        resource.configs().stream()
            .allMatch(config ->
                config.configOperation() == OpType.DELETE.id()
                    && BrokerKeys.find(config.name()) != null);
    return deletes ? CompletableFuture.completedFuture(Optional.empty()) : unalterable(resource);
  }

  private static CompletableFuture<Optional<Refusal>> unalterable(AlterConfigsResource resource) {
    return refused(
        Refusal.invalidRequest(
            "Configs of resource type %d cannot be altered on this broker; set them in its configuration file and start it again."
                .formatted(resource.resourceType())));
  }

  private CompletableFuture<Optional<Refusal>> alterTopic(
      AlterConfigsResource resource, boolean validateOnly) {
    List<Change> asked = new ArrayList<>();
    Set<String> edited = new HashSet<>();
    for (AlterableConfig config : resource.configs()) {
      OpType operation = OpType.forId(config.configOperation());
      if (operation == null) {
        return refused(
            Refusal.invalidRequest(
                "Unknown operation %d on config %s"
                    .formatted(config.configOperation(), config.name())));
      }
      asked.add(new Change(config.name(), operation, config.value()));
      if (operation == OpType.APPEND || operation == OpType.SUBTRACT) {
        edited.add(config.name());
      }
    }
    String name = resource.resourceName();
    Refusal badName =
        name.isEmpty()
            ? Refusal.invalidRequest("Default topic resources are not allowed.")
            : NewTopics.badName(name);
    return badName != null ? refused(badName) : alterTopic(name, asked, edited, validateOnly);
  }

  /**
   * @param edited keys whose new value is made from the old one
   */
  private CompletableFuture<Optional<Refusal>> alterTopic(
      String name, List<Change> asked, Set<String> edited, boolean validateOnly) {
    MetadataImage image = metadata.image();
    MetadataImage.Topic topic = image.topic(name);
    if (topic == null) {
      return refused(
          new Refusal(
              Errors.UNKNOWN_TOPIC_OR_PARTITION, "The topic '%s' does not exist.".formatted(name)));
    }
    return switch (changes.apply(image, topic.id(), asked)) {
      case TopicConfigChanges.Refused(Errors error, String message) ->
          refused(new Refusal(error, message));
      case TopicConfigChanges.Changed(Map<String, Optional<String>> changed) -> {
        if (validateOnly || changed.isEmpty()) {
          yield CompletableFuture.completedFuture(Optional.empty());
        }
        yield metadata
            .submit(
                new ConfigsChanged(
                    ConfigScope.TOPIC,
                    topic.id().toString(),
                    changed,
                    before(image, topic.id(), edited)))
            .thenCompose(outcome ->
                switch (outcome) {
                  case MetadataLog.Outcome.Applied _ ->
                      CompletableFuture.completedFuture(Optional.empty());
                  // another change was first, or the topic has gone: judged again by what there is
                  // now
                  case MetadataLog.Outcome.Voided _ -> alterTopic(name, asked, edited, false);
                });
      }
    };
  }

  private static Map<String, Optional<String>> before(
      MetadataImage image, Uuid topicId, Set<String> edited) {
    Map<String, String> stored = image.configs(ConfigScope.TOPIC, topicId.toString());
    Map<String, Optional<String>> before = new TreeMap<>();
    edited.forEach(key -> before.put(key, Optional.ofNullable(stored.get(key))));
    return before;
  }

  private static CompletableFuture<Optional<Refusal>> refused(Refusal refusal) {
    return CompletableFuture.completedFuture(Optional.of(refusal));
  }

  private static AlterConfigsResourceResponse response(
      AlterConfigsResource resource, Optional<Refusal> refusal) {
    return new AlterConfigsResourceResponse()
        .setResourceType(resource.resourceType())
        .setResourceName(resource.resourceName())
        .setErrorCode(refusal.map(Refusal::error).orElse(Errors.NONE).code())
        .setErrorMessage(refusal.map(Refusal::message).orElse(null));
  }
}
