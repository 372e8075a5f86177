package io.millrace.broker.handler;

import io.millrace.broker.api.ApiErrors;
import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.coordinator.group.GroupCoordinator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.ConsumerGroupDescribeRequestData;
import org.apache.kafka.common.message.ConsumerGroupDescribeResponseData;
import org.apache.kafka.common.message.ConsumerGroupDescribeResponseData.DescribedGroup;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/** ConsumerGroupDescribe: state and members of groups of the consumer protocol. */
public final class ConsumerGroupDescribeHandler
    implements ApiHandler<ConsumerGroupDescribeRequestData> {
  private final GroupCoordinator groups;

  public ConsumerGroupDescribeHandler(GroupCoordinator groups) {
    this.groups = groups;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.CONSUMER_GROUP_DESCRIBE;
  }

  @Override
  public CompletableFuture<ConsumerGroupDescribeResponseData> handle(
      RequestContext context, ConsumerGroupDescribeRequestData request) {
    List<CompletableFuture<DescribedGroup>> parts =
        request.groupIds().stream().map(this::describe).toList();
    return CompletableFuture.allOf(parts.toArray(CompletableFuture[]::new))
        .thenApply(done ->
            new ConsumerGroupDescribeResponseData()
                .setGroups(parts.stream().map(CompletableFuture::join).toList()));
  }

  private CompletableFuture<DescribedGroup> describe(String groupId) {
    if (groupId.isEmpty()) {
      return CompletableFuture.completedFuture(refused(groupId, Errors.INVALID_GROUP_ID));
    }
    return groups
        .<DescribedGroup>ask(
            groupId, (shard, out, reply) -> shard.describeConsumer(groupId, out, reply))
        .exceptionally(failure -> refused(groupId, ApiErrors.of(failure)));
  }

  private static DescribedGroup refused(String groupId, Errors error) {
    return new DescribedGroup().setGroupId(groupId).setErrorCode(error.code());
  }
}
