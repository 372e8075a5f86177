package io.millrace.broker.handler;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.broker.cluster.Refusal;
import io.millrace.broker.config.ConfigChanges.Change;
import io.millrace.broker.handler.AlteredResources.Resource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData.AlterConfigsResource;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData.AlterableConfig;
import org.apache.kafka.common.message.IncrementalAlterConfigsResponseData;
import org.apache.kafka.common.message.IncrementalAlterConfigsResponseData.AlterConfigsResourceResponse;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/** IncrementalAlterConfigs: sets, deletes, appends to and subtracts from configs of resources. */
public final class IncrementalAlterConfigsHandler
    implements ApiHandler<IncrementalAlterConfigsRequestData> {
  private final ConfigAlterations alterations;

  public IncrementalAlterConfigsHandler(ConfigAlterations alterations) {
    this.alterations = alterations;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.INCREMENTAL_ALTER_CONFIGS;
  }

  @Override
  public CompletableFuture<IncrementalAlterConfigsResponseData> handle(
      RequestContext context, IncrementalAlterConfigsRequestData request) {
    return AlteredResources.each(
            request.resources(),
            each -> new Resource(each.resourceType(), each.resourceName()),
            each -> alter(each, request.validateOnly()),
            IncrementalAlterConfigsHandler::response)
        .thenApply(responses -> new IncrementalAlterConfigsResponseData().setResponses(responses));
  }

  private CompletableFuture<Optional<Refusal>> alter(
      AlterConfigsResource resource, boolean validateOnly) {
    List<Change> asked = new ArrayList<>();
    for (AlterableConfig config : resource.configs()) {
      OpType operation = OpType.forId(config.configOperation());
      if (operation == null) {
        return AlteredResources.refused(
            "Unknown operation %d on config %s".formatted(config.configOperation(), config.name()));
      }
      asked.add(new Change(config.name(), operation, config.value()));
    }
    return alterations.alter(
        resource.resourceType(), resource.resourceName(), _ -> asked, validateOnly);
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
