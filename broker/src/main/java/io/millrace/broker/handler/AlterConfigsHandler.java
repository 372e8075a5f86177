package io.millrace.broker.handler;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.broker.cluster.Refusal;
import io.millrace.broker.config.ConfigChanges.Change;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.message.AlterConfigsRequestData;
import org.apache.kafka.common.message.AlterConfigsRequestData.AlterConfigsResource;
import org.apache.kafka.common.message.AlterConfigsRequestData.AlterableConfig;
import org.apache.kafka.common.message.AlterConfigsResponseData;
import org.apache.kafka.common.message.AlterConfigsResponseData.AlterConfigsResourceResponse;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/**
 * AlterConfigs, the older form: the configs given are all that a resource has afterwards. Loggers
 * are changed by the newer form only.
 */
public final class AlterConfigsHandler implements ApiHandler<AlterConfigsRequestData> {
  private final ConfigAlterations alterations;

  public AlterConfigsHandler(ConfigAlterations alterations) {
    this.alterations = alterations;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.ALTER_CONFIGS;
  }

  @Override
  public CompletableFuture<AlterConfigsResponseData> handle(
      RequestContext context, AlterConfigsRequestData request) {
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
            new AlterConfigsResponseData()
                .setResponses(responses.stream().map(CompletableFuture::resultNow).toList()));
  }

  private record Resource(byte type, String name) {
    static Resource of(AlterConfigsResource resource) {
      return new Resource(resource.resourceType(), resource.resourceName());
    }
  }

  private CompletableFuture<Optional<Refusal>> alter(
      AlterConfigsResource resource, boolean validateOnly) {
    if (ConfigResource.Type.forId(resource.resourceType()) == ConfigResource.Type.BROKER_LOGGER) {
      return refused(Refusal.invalidRequest("Unknown resource type " + resource.resourceType()));
    }
    return alterations.alter(
        resource.resourceType(),
        resource.resourceName(),
        stored -> replacing(stored, resource),
        validateOnly);
  }

  private static List<Change> replacing(Map<String, String> stored, AlterConfigsResource resource) {
    List<Change> changes = new ArrayList<>();
    Set<String> given = new HashSet<>();
    for (AlterableConfig config : resource.configs()) {
      given.add(config.name());
      changes.add(new Change(config.name(), OpType.SET, config.value()));
    }
    for (String name : stored.keySet()) {
      if (!given.contains(name)) {
        changes.add(new Change(name, OpType.DELETE, null));
      }
    }
    return changes;
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
