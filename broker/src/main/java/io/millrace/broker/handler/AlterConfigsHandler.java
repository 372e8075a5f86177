package io.millrace.broker.handler;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.broker.cluster.Refusal;
import io.millrace.broker.config.ConfigChanges.Change;
import io.millrace.broker.handler.AlteredResources.Resource;
import java.util.ArrayList;
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
    return AlteredResources.each(
            request.resources(),
            each -> new Resource(each.resourceType(), each.resourceName()),
            each -> alter(each, request.validateOnly()),
            AlterConfigsHandler::response)
        .thenApply(responses -> new AlterConfigsResponseData().setResponses(responses));
  }

  private CompletableFuture<Optional<Refusal>> alter(
      AlterConfigsResource resource, boolean validateOnly) {
    if (ConfigResource.Type.forId(resource.resourceType()) == ConfigResource.Type.BROKER_LOGGER) {
      return AlteredResources.refused("Unknown resource type " + resource.resourceType());
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

  private static AlterConfigsResourceResponse response(
      AlterConfigsResource resource, Optional<Refusal> refusal) {
    return new AlterConfigsResourceResponse()
        .setResourceType(resource.resourceType())
        .setResourceName(resource.resourceName())
        .setErrorCode(refusal.map(Refusal::error).orElse(Errors.NONE).code())
        .setErrorMessage(refusal.map(Refusal::message).orElse(null));
  }
}
