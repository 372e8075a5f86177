package io.millrace.broker.handler;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.coordinator.group.GroupCoordinator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.LeaveGroupRequestData;
import org.apache.kafka.common.message.LeaveGroupRequestData.MemberIdentity;
import org.apache.kafka.common.message.LeaveGroupResponseData;
import org.apache.kafka.common.message.LeaveGroupResponseData.MemberResponse;
import org.apache.kafka.common.protocol.ApiKeys;

/** LeaveGroup: one member up to version 2, several from 3 on. */
public final class LeaveGroupHandler implements ApiHandler<LeaveGroupRequestData> {
  private static final int SEVERAL_MEMBERS = 3;

  private final GroupCoordinator groups;

  public LeaveGroupHandler(GroupCoordinator groups) {
    this.groups = groups;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.LEAVE_GROUP;
  }

  @Override
  public CompletableFuture<LeaveGroupResponseData> handle(
      RequestContext context, LeaveGroupRequestData request) {
    boolean several = context.version() >= SEVERAL_MEMBERS;
    List<MemberIdentity> identities =
        several ? request.members() : List.of(new MemberIdentity().setMemberId(request.memberId()));
    return groups
        .<List<MemberResponse>>call(
            request.groupId(),
            (shard, out, reply) -> shard.leave(request.groupId(), identities, out, reply))
        .thenApply(members ->
            several
                ? new LeaveGroupResponseData().setMembers(members)
                : new LeaveGroupResponseData().setErrorCode(members.getFirst().errorCode()));
  }
}
