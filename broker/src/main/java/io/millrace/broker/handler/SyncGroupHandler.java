package io.millrace.broker.handler;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.coordinator.group.GroupCoordinator;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.SyncGroupRequestData;
import org.apache.kafka.common.message.SyncGroupResponseData;
import org.apache.kafka.common.protocol.ApiKeys;

/** SyncGroup: followers wait for the leader's assignment to be durable. */
public final class SyncGroupHandler implements ApiHandler<SyncGroupRequestData> {
  private final GroupCoordinator groups;

  public SyncGroupHandler(GroupCoordinator groups) {
    this.groups = groups;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.SYNC_GROUP;
  }

  @Override
  public CompletableFuture<SyncGroupResponseData> handle(
      RequestContext context, SyncGroupRequestData request) {
    return groups.call(request.groupId(), (shard, out, reply) -> shard.sync(request, out, reply));
  }
}
