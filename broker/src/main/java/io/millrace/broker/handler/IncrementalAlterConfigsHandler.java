package io.millrace.broker.handler;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.broker.cluster.Refusal;
import io.millrace.broker.config.ConfigChanges.Change;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
    List<Change> asked = new ArrayList<>();
    for (AlterableConfig config : resource.configs()) {
      OpType operation = OpType.forId(config.configOperation());
      if (operation == null) {
        return refused(
            Refusal.invalidRequest(
                "Unknown operation %d on config %s"
                    .formatted(config.configOperation(), config.name())));
      }
      asked.add(new Change(config.name(), operation, config.value()));
    }
    return alterations.alter(
        resource.resourceType(), resource.resourceName(), _ -> asked, validateOnly);
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
