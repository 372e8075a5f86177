package io.millrace.broker.handler;

import io.millrace.broker.api.ApiErrors;
import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.coordinator.group.GroupCoordinator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.DeleteGroupsRequestData;
import org.apache.kafka.common.message.DeleteGroupsResponseData;
import org.apache.kafka.common.message.DeleteGroupsResponseData.DeletableGroupResult;
import org.apache.kafka.common.message.DeleteGroupsResponseData.DeletableGroupResultCollection;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/** DeleteGroups: groups without members, with their offsets. */
public final class DeleteGroupsHandler implements ApiHandler<DeleteGroupsRequestData> {
  private final GroupCoordinator groups;

  public DeleteGroupsHandler(GroupCoordinator groups) {
    this.groups = groups;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.DELETE_GROUPS;
  }

  @Override
  public CompletableFuture<DeleteGroupsResponseData> handle(
      RequestContext context, DeleteGroupsRequestData request) {
    List<CompletableFuture<DeletableGroupResult>> parts =
        new LinkedHashSet<>(request.groupsNames()).stream().map(this::delete).toList();
    return CompletableFuture.allOf(parts.toArray(CompletableFuture[]::new))
        .thenApply(done -> {
          DeletableGroupResultCollection results = new DeletableGroupResultCollection();
          parts.forEach(part -> results.add(part.join()));
          return new DeleteGroupsResponseData().setResults(results);
        });
  }

  private CompletableFuture<DeletableGroupResult> delete(String groupId) {
    CompletableFuture<Errors> deleted =
        groupId.isEmpty()
            ? CompletableFuture.completedFuture(Errors.INVALID_GROUP_ID)
            : groups.call(groupId, (shard, out, reply) -> shard.delete(groupId, out, reply));
    return deleted
        .exceptionally(ApiErrors::of)
        .thenApply(
            error -> new DeletableGroupResult().setGroupId(groupId).setErrorCode(error.code()));
  }
}
