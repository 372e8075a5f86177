package io.millrace.broker.handler;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.broker.cluster.ClusterView;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.MetadataLog;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.message.DescribeTopicPartitionsRequestData;
import org.apache.kafka.common.message.DescribeTopicPartitionsResponseData;
import org.apache.kafka.common.message.DescribeTopicPartitionsResponseData.Cursor;
import org.apache.kafka.common.message.DescribeTopicPartitionsResponseData.DescribeTopicPartitionsResponsePartition;
import org.apache.kafka.common.message.DescribeTopicPartitionsResponseData.DescribeTopicPartitionsResponseTopic;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * DescribeTopicPartitions: topics in order of their names, a limited number of partitions at a
 * time; a cursor says where to go on.
 */
public final class DescribeTopicPartitionsHandler
    implements ApiHandler<DescribeTopicPartitionsRequestData> {
  private final MetadataLog metadata;
  private final int partitionsMax;

  /**
   * @param partitionsMax partitions in one answer
   */
  public DescribeTopicPartitionsHandler(MetadataLog metadata, int partitionsMax) {
    this.metadata = metadata;
    this.partitionsMax = partitionsMax;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.DESCRIBE_TOPIC_PARTITIONS;
  }

  @Override
  public CompletableFuture<DescribeTopicPartitionsResponseData> handle(
      RequestContext context, DescribeTopicPartitionsRequestData request) {
    ClusterView view = new ClusterView(metadata.image(), context.listener());
    DescribeTopicPartitionsRequestData.Cursor cursor = request.cursor();
    TreeSet<String> names = new TreeSet<>();
    if (request.topics().isEmpty()) {
      names.addAll(view.image().topicIds().keySet());
    } else {
      request.topics().forEach(topic -> names.add(topic.name()));
    }
    if (cursor != null) {
      check(cursor, names, request.topics().isEmpty());
      names.headSet(cursor.topicName()).clear();
    }
    return CompletableFuture.completedFuture(
        page(view, names, cursor, Math.clamp(request.responsePartitionLimit(), 1, partitionsMax)));
  }

  private static void check(
      DescribeTopicPartitionsRequestData.Cursor cursor, Set<String> names, boolean allTopics) {
    if (cursor.partitionIndex() < 0) {
      throw new InvalidRequestException(
          "DescribeTopicPartitionsRequest cursor partition must be valid: " + cursor);
    }
    if (!allTopics && !names.contains(cursor.topicName())) {
      throw new InvalidRequestException(
          "DescribeTopicPartitionsRequest topic list should contain the cursor topic: "
              + cursor.topicName());
    }
  }

  private static DescribeTopicPartitionsResponseData page(
      ClusterView view,
      Set<String> names,
      DescribeTopicPartitionsRequestData.@Nullable Cursor cursor,
      int limit) {
    DescribeTopicPartitionsResponseData response = new DescribeTopicPartitionsResponseData();
    int left = limit;
    for (String name : names) {
      if (left == 0) {
        return response.setNextCursor(new Cursor().setTopicName(name).setPartitionIndex(0));
      }
      MetadataImage.Topic topic = view.image().topic(name);
      if (topic == null) {
        response.topics().add(unknown(name));
        continue;
      }
      int from = cursor != null && cursor.topicName().equals(name) ? cursor.partitionIndex() : 0;
      int end = (int) Math.min(topic.partitions().size(), (long) from + left);
      response.topics().add(part(view, topic, from, end));
      left -= Math.max(end - from, 0);
      if (end < topic.partitions().size()) {
        return response.setNextCursor(new Cursor().setTopicName(name).setPartitionIndex(end));
      }
    }
    return response;
  }

  private static DescribeTopicPartitionsResponseTopic unknown(String name) {
    Errors error =
        Topic.isValid(name) ? Errors.UNKNOWN_TOPIC_OR_PARTITION : Errors.INVALID_TOPIC_EXCEPTION;
    return new DescribeTopicPartitionsResponseTopic()
        .setErrorCode(error.code())
        .setName(name)
        .setIsInternal(Topic.isInternal(name))
        .setTopicAuthorizedOperations(ClusterView.ALL_TOPIC_OPERATIONS);
  }

  private static DescribeTopicPartitionsResponseTopic part(
      ClusterView view, MetadataImage.Topic topic, int from, int end) {
    DescribeTopicPartitionsResponseTopic part =
        new DescribeTopicPartitionsResponseTopic()
            .setName(topic.name())
            .setTopicId(topic.id())
            .setIsInternal(Topic.isInternal(topic.name()))
            .setTopicAuthorizedOperations(ClusterView.ALL_TOPIC_OPERATIONS);
    for (int index = from; index < end; index++) {
      Partition partition = topic.partitions().get(index);
      Errors error = view.error(partition);
      part.partitions()
          .add(
              new DescribeTopicPartitionsResponsePartition()
                  .setErrorCode(error.code())
                  .setPartitionIndex(index)
                  .setLeaderId(error == Errors.NONE ? view.leaderId(partition) : -1)
                  .setLeaderEpoch(partition.leaderEpoch())
                  .setReplicaNodes(partition.replicas())
                  .setIsrNodes(view.inSync(partition))
                  .setEligibleLeaderReplicas(List.of())
                  .setLastKnownElr(List.of())
                  .setOfflineReplicas(view.offline(partition)));
    }
    return part;
  }
}
