package io.millrace.broker.handler;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.coordinator.group.GroupCoordinator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.ListGroupsRequestData;
import org.apache.kafka.common.message.ListGroupsResponseData;
import org.apache.kafka.common.message.ListGroupsResponseData.ListedGroup;
import org.apache.kafka.common.protocol.ApiKeys;

/** ListGroups: the groups coordinated here, filtered by state and type without regard to case. */
public final class ListGroupsHandler implements ApiHandler<ListGroupsRequestData> {
  private final GroupCoordinator groups;

  public ListGroupsHandler(GroupCoordinator groups) {
    this.groups = groups;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.LIST_GROUPS;
  }

  @Override
  public CompletableFuture<ListGroupsResponseData> handle(
      RequestContext context, ListGroupsRequestData request) {
    return groups
        .list()
        .thenApply(all ->
            new ListGroupsResponseData()
                .setGroups(all.stream().filter(group -> wanted(group, request)).toList()));
  }

  private static boolean wanted(ListedGroup group, ListGroupsRequestData request) {
    return matches(request.statesFilter(), group.groupState())
        && matches(request.typesFilter(), group.groupType());
  }

  private static boolean matches(List<String> filter, String value) {
    return filter.isEmpty() || filter.stream().anyMatch(value::equalsIgnoreCase);
  }
}
