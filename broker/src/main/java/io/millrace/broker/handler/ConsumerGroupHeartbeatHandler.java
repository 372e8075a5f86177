package io.millrace.broker.handler;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.coordinator.group.GroupCaller;
import io.millrace.coordinator.group.GroupCoordinator;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/** ConsumerGroupHeartbeat: members of the consumer protocol join, stay and leave by it. */
public final class ConsumerGroupHeartbeatHandler
    implements ApiHandler<ConsumerGroupHeartbeatRequestData> {
  private final GroupCoordinator groups;
  private final BooleanSupplier served;

  /**
   * @param served whether the protocol is served at present
   */
  public ConsumerGroupHeartbeatHandler(GroupCoordinator groups, BooleanSupplier served) {
    this.groups = groups;
    this.served = served;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.CONSUMER_GROUP_HEARTBEAT;
  }

  @Override
  public CompletableFuture<ConsumerGroupHeartbeatResponseData> handle(
      RequestContext context, ConsumerGroupHeartbeatRequestData request) {
    if (!served.getAsBoolean()) {
      return CompletableFuture.completedFuture(
          new ConsumerGroupHeartbeatResponseData()
              .setErrorCode(Errors.UNSUPPORTED_VERSION.code())
              .setErrorMessage("The consumer group protocol is turned off."));
    }
    GroupCaller caller =
        new GroupCaller(
            context.clientId(), context.client().getAddress().toString(), context.version());
    return groups.call(
        request.groupId(), (shard, out, reply) -> shard.heartbeat(caller, request, out, reply));
  }
}
