package io.millrace.broker.handler;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.coordinator.group.GroupCoordinator;
import io.millrace.coordinator.group.GroupShard.DeletedOffsets;
import io.millrace.coordinator.group.GroupShard.TopicSlot;
import io.millrace.storage.metadata.MetadataImage;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.OffsetDeleteRequestData;
import org.apache.kafka.common.message.OffsetDeleteRequestData.OffsetDeleteRequestPartition;
import org.apache.kafka.common.message.OffsetDeleteRequestData.OffsetDeleteRequestTopic;
import org.apache.kafka.common.message.OffsetDeleteResponseData;
import org.apache.kafka.common.message.OffsetDeleteResponseData.OffsetDeleteResponsePartition;
import org.apache.kafka.common.message.OffsetDeleteResponseData.OffsetDeleteResponseTopic;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/** OffsetDelete: committed offsets of topics that the group does not use. */
public final class OffsetDeleteHandler implements ApiHandler<OffsetDeleteRequestData> {
  private final GroupCoordinator groups;

  public OffsetDeleteHandler(GroupCoordinator groups) {
    this.groups = groups;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.OFFSET_DELETE;
  }

  @Override
  public CompletableFuture<OffsetDeleteResponseData> handle(
      RequestContext context, OffsetDeleteRequestData request) {
    List<TopicSlot> slots = new ArrayList<>();
    List<OffsetDeleteResponsePartition> pending = new ArrayList<>();
    OffsetDeleteResponseData answer = new OffsetDeleteResponseData();
    for (OffsetDeleteRequestTopic topic : request.topics()) {
      OffsetDeleteResponseTopic part = new OffsetDeleteResponseTopic().setName(topic.name());
      MetadataImage.Topic known = groups.resolve(topic.name(), Uuid.ZERO_UUID);
      for (OffsetDeleteRequestPartition partition : topic.partitions()) {
        int index = partition.partitionIndex();
        OffsetDeleteResponsePartition each =
            new OffsetDeleteResponsePartition().setPartitionIndex(index);
        part.partitions().add(each);
        if (exists(known, index)) {
          slots.add(new TopicSlot(topic.name(), index));
          pending.add(each);
        } else {
          each.setErrorCode(Errors.UNKNOWN_TOPIC_OR_PARTITION.code());
        }
      }
      answer.topics().add(part);
    }
    return groups
        .<DeletedOffsets>call(
            request.groupId(),
            (shard, out, reply) -> shard.deleteOffsets(request.groupId(), slots, out, reply))
        .thenApply(deleted -> fill(answer, pending, deleted));
  }

  private static boolean exists(MetadataImage.@Nullable Topic topic, int partition) {
    return topic != null && partition >= 0 && partition < topic.partitions().size();
  }

  private static OffsetDeleteResponseData fill(
      OffsetDeleteResponseData answer,
      List<OffsetDeleteResponsePartition> pending,
      DeletedOffsets deleted) {
    if (deleted.error() != Errors.NONE) {
      return new OffsetDeleteResponseData().setErrorCode(deleted.error().code());
    }
    Iterator<Errors> next = deleted.errors().iterator();
    pending.forEach(each -> each.setErrorCode(next.next().code()));
    return answer;
  }
}
