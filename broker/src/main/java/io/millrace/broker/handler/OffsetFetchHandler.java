package io.millrace.broker.handler;

import io.millrace.broker.api.ApiErrors;
import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.coordinator.group.GroupCoordinator;
import io.millrace.coordinator.group.GroupShard.Fetched;
import io.millrace.coordinator.group.offset.FetchedOffset;
import io.millrace.coordinator.group.offset.Offsets.Wanted;
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
      return fetch(single(request), request.requireStable()).thenApply(OffsetFetchHandler::single);
    }
    List<CompletableFuture<OffsetFetchResponseGroup>> parts =
        request.groups().stream().map(group -> fetch(group, request.requireStable())).toList();
    return CompletableFuture.allOf(parts.toArray(CompletableFuture[]::new))
        .thenApply(done ->
            new OffsetFetchResponseData()
                .setGroups(parts.stream().map(CompletableFuture::join).toList()));
  }

  private CompletableFuture<OffsetFetchResponseGroup> fetch(
      OffsetFetchRequestGroup group, boolean requireStable) {
    List<Wanted> wanted = group.topics() == null ? null : wanted(group.topics());
    return groups
        .<Fetched>ask(
            group.groupId(),
            (shard, out, reply) ->
                shard.fetch(
                    group.groupId(),
                    group.memberId(),
                    group.memberEpoch(),
                    wanted,
                    requireStable,
                    out,
                    reply))
        .thenApply(fetched -> answer(group, fetched))
        .exceptionally(failure -> refused(group, ApiErrors.of(failure)));
  }

  private static OffsetFetchResponseGroup refused(OffsetFetchRequestGroup group, Errors error) {
    return new OffsetFetchResponseGroup().setGroupId(group.groupId()).setErrorCode(error.code());
  }

  private List<Wanted> wanted(List<OffsetFetchRequestTopics> topics) {
    List<Wanted> wanted = new ArrayList<>();
    for (OffsetFetchRequestTopics topic : topics) {
      MetadataImage.Topic known = groups.resolve(topic.name(), topic.topicId());
      for (int partition : topic.partitionIndexes()) {
        wanted.add(
            new Wanted(
                known == null ? topic.name() : known.name(),
                known == null ? topic.topicId() : known.id(),
                partition));
      }
    }
    return wanted;
  }

  private OffsetFetchResponseGroup answer(OffsetFetchRequestGroup group, Fetched fetched) {
    if (fetched.error() != Errors.NONE) {
      return refused(group, fetched.error());
    }
    return group.topics() == null
        ? all(group, fetched.offsets())
        : some(group, group.topics(), fetched.offsets());
  }

  private OffsetFetchResponseGroup all(OffsetFetchRequestGroup group, List<FetchedOffset> found) {
    Map<String, OffsetFetchResponseTopics> topics = new LinkedHashMap<>();
    for (FetchedOffset each : found) {
      MetadataImage.Topic known = groups.resolve(each.topic(), Uuid.ZERO_UUID);
      if (known == null || !isOf(each, known.id())) {
        continue;
      }
      topics
          .computeIfAbsent(
              each.topic(),
              name -> new OffsetFetchResponseTopics().setName(name).setTopicId(known.id()))
          .partitions()
          .add(answer(each));
    }
    return new OffsetFetchResponseGroup()
        .setGroupId(group.groupId())
        .setTopics(List.copyOf(topics.values()));
  }

  private static boolean isOf(FetchedOffset offset, Uuid present) {
    Uuid committedFor =
        switch (offset) {
          case FetchedOffset.Found found -> found.topicId();
          case FetchedOffset.Unstable unstable -> unstable.topicId();
          case FetchedOffset.Absent _ -> present;
        };
    return committedFor.equals(Uuid.ZERO_UUID) || committedFor.equals(present);
  }

  private OffsetFetchResponseGroup some(
      OffsetFetchRequestGroup group,
      List<OffsetFetchRequestTopics> topics,
      List<FetchedOffset> found) {
    OffsetFetchResponseGroup answer = new OffsetFetchResponseGroup().setGroupId(group.groupId());
    int next = 0;
    for (OffsetFetchRequestTopics topic : topics) {
      OffsetFetchResponseTopics part =
          new OffsetFetchResponseTopics().setName(topic.name()).setTopicId(topic.topicId());
      boolean unknownId =
          !topic.topicId().equals(Uuid.ZERO_UUID)
              && groups.resolve(topic.name(), topic.topicId()) == null;
      for (int partition : topic.partitionIndexes()) {
        FetchedOffset each = found.get(next++);
        part.partitions()
            .add(
                unknownId
                    ? nothing(partition).setErrorCode(Errors.UNKNOWN_TOPIC_ID.code())
                    : answer(each));
      }
      answer.topics().add(part);
    }
    return answer;
  }

  private static OffsetFetchResponsePartitions answer(FetchedOffset offset) {
    return switch (offset) {
      case FetchedOffset.Absent absent -> nothing(absent.partition());
      case FetchedOffset.Unstable unstable ->
          nothing(unstable.partition()).setErrorCode(Errors.UNSTABLE_OFFSET_COMMIT.code());
      case FetchedOffset.Found found ->
          new OffsetFetchResponsePartitions()
              .setPartitionIndex(found.partition())
              .setCommittedOffset(found.offset())
              .setCommittedLeaderEpoch(found.leaderEpoch())
              .setMetadata(found.metadata());
    };
  }

  private static OffsetFetchResponsePartitions nothing(int partition) {
    return new OffsetFetchResponsePartitions()
        .setPartitionIndex(partition)
        .setCommittedOffset(-1)
        .setCommittedLeaderEpoch(-1)
        .setMetadata("");
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
