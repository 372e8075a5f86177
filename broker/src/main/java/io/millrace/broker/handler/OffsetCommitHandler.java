package io.millrace.broker.handler;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.coordinator.group.Committer;
import io.millrace.coordinator.group.GroupCoordinator;
import io.millrace.coordinator.group.offset.OffsetCommit;
import io.millrace.storage.metadata.MetadataImage;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestPartition;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestTopic;
import org.apache.kafka.common.message.OffsetCommitResponseData;
import org.apache.kafka.common.message.OffsetCommitResponseData.OffsetCommitResponsePartition;
import org.apache.kafka.common.message.OffsetCommitResponseData.OffsetCommitResponseTopic;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * OffsetCommit: topics by name up to version 9, by id from 10 on; answered when the offsets are
 * durable.
 */
public final class OffsetCommitHandler implements ApiHandler<OffsetCommitRequestData> {
  private final GroupCoordinator groups;

  public OffsetCommitHandler(GroupCoordinator groups) {
    this.groups = groups;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.OFFSET_COMMIT;
  }

  @Override
  public CompletableFuture<OffsetCommitResponseData> handle(
      RequestContext context, OffsetCommitRequestData request) {
    List<OffsetCommit> commits = new ArrayList<>();
    OffsetCommitResponseData answer = new OffsetCommitResponseData();
    // answers of partitions that go to the shard, in the order of commits
    List<OffsetCommitResponsePartition> pending = new ArrayList<>();
    for (OffsetCommitRequestTopic topic : request.topics()) {
      OffsetCommitResponseTopic topicAnswer =
          new OffsetCommitResponseTopic().setName(topic.name()).setTopicId(topic.topicId());
      MetadataImage.Topic known = groups.resolve(topic.name(), topic.topicId());
      for (OffsetCommitRequestPartition partition : topic.partitions()) {
        OffsetCommitResponsePartition part =
            new OffsetCommitResponsePartition().setPartitionIndex(partition.partitionIndex());
        topicAnswer.partitions().add(part);
        Errors error = check(topic, known, partition);
        if (error != Errors.NONE || known == null) {
          part.setErrorCode(error.code());
        } else {
          pending.add(part);
          commits.add(
              new OffsetCommit(
                  known.name(),
                  known.id(),
                  partition.partitionIndex(),
                  partition.committedOffset(),
                  partition.committedLeaderEpoch(),
                  partition.committedMetadata()));
        }
      }
      answer.topics().add(topicAnswer);
    }
    if (commits.isEmpty()) {
      return CompletableFuture.completedFuture(answer);
    }
    Committer committer =
        new Committer(
            request.memberId(),
            request.groupInstanceId(),
            request.generationIdOrMemberEpoch(),
            context.version());
    return groups
        .<List<Errors>>call(
            request.groupId(),
            (shard, out, reply) -> shard.commit(request.groupId(), committer, commits, out, reply))
        .handle((errors, failure) -> {
          PartErrors.fill(pending, errors, failure, OffsetCommitResponsePartition::setErrorCode);
          return answer;
        });
  }

  private static Errors check(
      OffsetCommitRequestTopic topic,
      MetadataImage.@Nullable Topic known,
      OffsetCommitRequestPartition partition) {
    if (known == null) {
      return topic.topicId().equals(Uuid.ZERO_UUID)
          ? Errors.UNKNOWN_TOPIC_OR_PARTITION
          : Errors.UNKNOWN_TOPIC_ID;
    }
    int index = partition.partitionIndex();
    return index < 0 || index >= known.partitions().size()
        ? Errors.UNKNOWN_TOPIC_OR_PARTITION
        : Errors.NONE;
  }
}
