package io.millrace.broker.handler;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.coordinator.group.GroupCaller;
import io.millrace.coordinator.group.GroupCoordinator;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.JoinGroupResponseData;
import org.apache.kafka.common.protocol.ApiKeys;

/** JoinGroup: answered when the rebalance it takes part in completes. */
public final class JoinGroupHandler implements ApiHandler<JoinGroupRequestData> {
  private final GroupCoordinator groups;

  public JoinGroupHandler(GroupCoordinator groups) {
    this.groups = groups;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.JOIN_GROUP;
  }

  @Override
  public CompletableFuture<JoinGroupResponseData> handle(
      RequestContext context, JoinGroupRequestData request) {
    GroupCaller caller =
        new GroupCaller(
            context.clientId(), context.client().getAddress().toString(), context.version());
    return groups
        .<JoinGroupResponseData>call(
            request.groupId(), (shard, out, reply) -> shard.join(caller, request, out, reply))
        .thenApply(answer -> fit(answer, context.version()));
  }

  /** Versions before 7 cannot say "no protocol". */
  private static JoinGroupResponseData fit(JoinGroupResponseData answer, short version) {
    return version < 7 && answer.protocolName() == null ? answer.setProtocolName("") : answer;
  }
}
