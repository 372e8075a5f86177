package io.millrace.broker.handler;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.coordinator.group.GroupCoordinator;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.HeartbeatResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/** Heartbeat of a classic group's member. */
public final class HeartbeatHandler implements ApiHandler<HeartbeatRequestData> {
  private final GroupCoordinator groups;

  public HeartbeatHandler(GroupCoordinator groups) {
    this.groups = groups;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.HEARTBEAT;
  }

  @Override
  public CompletableFuture<HeartbeatResponseData> handle(
      RequestContext context, HeartbeatRequestData request) {
    return groups
        .<Errors>call(
            request.groupId(), (shard, out, reply) -> shard.heartbeat(request, out, reply))
        .thenApply(error -> new HeartbeatResponseData().setErrorCode(error.code()));
  }
}
