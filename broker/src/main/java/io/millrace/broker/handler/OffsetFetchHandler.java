package io.millrace.broker.handler;

import io.millrace.broker.api.ApiErrors;
import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.coordinator.group.GroupCoordinator;
import io.millrace.coordinator.group.GroupShard.Found;
import io.millrace.coordinator.group.GroupShard.Wanted;
import io.millrace.storage.metadata.MetadataImage;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.OffsetFetchRequestData;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestGroup;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestTopics;
import org.apache.kafka.common.message.OffsetFetchResponseData;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponseGroup;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponsePartition;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponsePartitions;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponseTopic;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponseTopics;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * OffsetFetch: one group up to version 7, several from 8 on, topics by id from 10 on. A partition
 * without a committed offset answers -1.
 */
public final class OffsetFetchHandler implements ApiHandler<OffsetFetchRequestData> {
  private static final int SEVERAL_GROUPS = 8;

  private final GroupCoordinator groups;

  public OffsetFetchHandler(GroupCoordinator groups) {
    this.groups = groups;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.OFFSET_FETCH;
  }

  @Override
  public CompletableFuture<OffsetFetchResponseData> handle(
      RequestContext context, OffsetFetchRequestData request) {
    if (context.version() < SEVERAL_GROUPS) {
      return fetch(single(request)).thenApply(OffsetFetchHandler::single);
    }
    List<CompletableFuture<OffsetFetchResponseGroup>> parts =
        request.groups().stream().map(this::fetch).toList();
    return CompletableFuture.allOf(parts.toArray(CompletableFuture[]::new))
        .thenApply(done ->
            new OffsetFetchResponseData()
                .setGroups(parts.stream().map(CompletableFuture::join).toList()));
  }

  private CompletableFuture<OffsetFetchResponseGroup> fetch(OffsetFetchRequestGroup group) {
    CompletableFuture<OffsetFetchResponseGroup> answer =
        group.topics() == null ? fetchAll(group.groupId()) : fetchSome(group);
    return answer.exceptionally(failure ->
        new OffsetFetchResponseGroup()
            .setGroupId(group.groupId())
            .setErrorCode(ApiErrors.of(failure).code()));
  }

  private CompletableFuture<OffsetFetchResponseGroup> fetchAll(String groupId) {
    return groups
        .<List<Found>>call(groupId, (shard, out, reply) -> shard.fetchAll(groupId, out, reply))
        .thenApply(found -> {
          Map<String, OffsetFetchResponseTopics> topics = new LinkedHashMap<>();
          for (Found each : found) {
            MetadataImage.Topic known = groups.resolve(each.topic(), Uuid.ZERO_UUID);
            if (known == null
                || (!each.topicId().equals(Uuid.ZERO_UUID) && !each.topicId().equals(known.id()))) {
              continue;
            }
            topics
                .computeIfAbsent(
                    each.topic(),
                    name -> new OffsetFetchResponseTopics().setName(name).setTopicId(known.id()))
                .partitions()
                .add(answer(each.partition(), each));
          }
          return new OffsetFetchResponseGroup()
              .setGroupId(groupId)
              .setTopics(List.copyOf(topics.values()));
        });
  }

  private CompletableFuture<OffsetFetchResponseGroup> fetchSome(OffsetFetchRequestGroup group) {
    List<Wanted> wanted = new ArrayList<>();
    for (OffsetFetchRequestTopics topic : group.topics()) {
      MetadataImage.Topic known = groups.resolve(topic.name(), topic.topicId());
      for (int partition : topic.partitionIndexes()) {
        wanted.add(
            new Wanted(
                known == null ? topic.name() : known.name(),
                known == null ? topic.topicId() : known.id(),
                partition));
      }
    }
    return groups
        .<List<@Nullable Found>>call(
            group.groupId(),
            (shard, out, reply) -> shard.fetch(group.groupId(), wanted, out, reply))
        .thenApply(found -> answer(group, found));
  }

  private OffsetFetchResponseGroup answer(
      OffsetFetchRequestGroup group, List<@Nullable Found> found) {
    OffsetFetchResponseGroup answer = new OffsetFetchResponseGroup().setGroupId(group.groupId());
    int next = 0;
    for (OffsetFetchRequestTopics topic : group.topics()) {
      OffsetFetchResponseTopics part =
          new OffsetFetchResponseTopics().setName(topic.name()).setTopicId(topic.topicId());
      boolean unknownId =
          !topic.topicId().equals(Uuid.ZERO_UUID)
              && groups.resolve(topic.name(), topic.topicId()) == null;
      for (int partition : topic.partitionIndexes()) {
        OffsetFetchResponsePartitions each = answer(partition, found.get(next++));
        if (unknownId) {
          each = answer(partition, null).setErrorCode(Errors.UNKNOWN_TOPIC_ID.code());
        }
        part.partitions().add(each);
      }
      answer.topics().add(part);
    }
    return answer;
  }

  private static OffsetFetchResponsePartitions answer(int partition, @Nullable Found found) {
    return new OffsetFetchResponsePartitions()
        .setPartitionIndex(partition)
        .setCommittedOffset(found == null ? -1 : found.offset())
        .setCommittedLeaderEpoch(found == null ? -1 : found.leaderEpoch())
        .setMetadata(found == null ? "" : found.metadata());
  }

  private static OffsetFetchRequestGroup single(OffsetFetchRequestData request) {
    return new OffsetFetchRequestGroup()
        .setGroupId(request.groupId())
        .setTopics(
            request.topics() == null
                ? null
                : request.topics().stream()
                    .map(topic ->
                        new OffsetFetchRequestTopics()
                            .setName(topic.name())
                            .setPartitionIndexes(topic.partitionIndexes()))
                    .toList());
  }

  private static OffsetFetchResponseData single(OffsetFetchResponseGroup group) {
    OffsetFetchResponseData answer = new OffsetFetchResponseData().setErrorCode(group.errorCode());
    for (OffsetFetchResponseTopics topic : group.topics()) {
      OffsetFetchResponseTopic part = new OffsetFetchResponseTopic().setName(topic.name());
      for (OffsetFetchResponsePartitions each : topic.partitions()) {
        part.partitions()
            .add(
                new OffsetFetchResponsePartition()
                    .setPartitionIndex(each.partitionIndex())
                    .setCommittedOffset(each.committedOffset())
                    .setCommittedLeaderEpoch(each.committedLeaderEpoch())
                    .setMetadata(each.metadata())
                    .setErrorCode(each.errorCode()));
      }
      answer.topics().add(part);
    }
    return answer;
  }
}
