package io.millrace.broker.handler;

import io.millrace.broker.api.ApiErrors;
import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.coordinator.group.GroupCoordinator;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.DescribeGroupsRequestData;
import org.apache.kafka.common.message.DescribeGroupsResponseData;
import org.apache.kafka.common.message.DescribeGroupsResponseData.DescribedGroup;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/** DescribeGroups: state and members of classic groups. */
public final class DescribeGroupsHandler implements ApiHandler<DescribeGroupsRequestData> {
  /**
   * From this version on an unknown group is an error; before, it was an empty group in state Dead.
   */
  private static final int NOT_FOUND_IS_AN_ERROR = 6;

  private final GroupCoordinator groups;

  public DescribeGroupsHandler(GroupCoordinator groups) {
    this.groups = groups;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.DESCRIBE_GROUPS;
  }

  @Override
  public CompletableFuture<DescribeGroupsResponseData> handle(
      RequestContext context, DescribeGroupsRequestData request) {
    List<CompletableFuture<DescribedGroup>> parts = new ArrayList<>();
    for (String groupId : request.groups()) {
      parts.add(
          groups
              .<DescribedGroup>ask(
                  groupId, (shard, out, reply) -> shard.describe(groupId, out, reply))
              .exceptionally(failure ->
                  new DescribedGroup()
                      .setGroupId(groupId)
                      .setErrorCode(ApiErrors.of(failure).code())));
    }
    return CompletableFuture.allOf(parts.toArray(CompletableFuture[]::new))
        .thenApply(done ->
            new DescribeGroupsResponseData()
                .setGroups(
                    parts.stream().map(part -> fit(part.join(), context.version())).toList()));
  }

  private static DescribedGroup fit(DescribedGroup group, short version) {
    if (version < NOT_FOUND_IS_AN_ERROR && group.errorCode() == Errors.GROUP_ID_NOT_FOUND.code()) {
      group.setErrorCode(Errors.NONE.code()).setErrorMessage(null);
    }
    return group;
  }
}
