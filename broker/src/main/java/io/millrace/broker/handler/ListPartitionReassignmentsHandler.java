package io.millrace.broker.handler;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.broker.cluster.ClusterView;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.MetadataLog;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.apache.kafka.common.message.ListPartitionReassignmentsRequestData;
import org.apache.kafka.common.message.ListPartitionReassignmentsRequestData.ListPartitionReassignmentsTopics;
import org.apache.kafka.common.message.ListPartitionReassignmentsResponseData;
import org.apache.kafka.common.message.ListPartitionReassignmentsResponseData.OngoingPartitionReassignment;
import org.apache.kafka.common.message.ListPartitionReassignmentsResponseData.OngoingTopicReassignment;
import org.apache.kafka.common.protocol.ApiKeys;

/**
 * ListPartitionReassignments: partitions whose leader is outside their replica list and has not
 * handed over yet.
 */
public final class ListPartitionReassignmentsHandler
    implements ApiHandler<ListPartitionReassignmentsRequestData> {
  private final MetadataLog metadata;

  public ListPartitionReassignmentsHandler(MetadataLog metadata) {
    this.metadata = metadata;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.LIST_PARTITION_REASSIGNMENTS;
  }

  @Override
  public CompletableFuture<ListPartitionReassignmentsResponseData> handle(
      RequestContext context, ListPartitionReassignmentsRequestData request) {
    MetadataImage image = metadata.image();
    List<OngoingTopicReassignment> ongoing = new ArrayList<>();
    List<ListPartitionReassignmentsTopics> asked = request.topics();
    if (asked == null) {
      for (String name : image.topicIds().keySet()) {
        MetadataImage.Topic topic = image.topic(name);
        if (topic != null) {
          add(ongoing, image, topic, IntStream.range(0, topic.partitions().size()));
        }
      }
    } else {
      for (ListPartitionReassignmentsTopics each : asked) {
        MetadataImage.Topic topic = image.topic(each.name());
        if (topic != null) {
          int count = topic.partitions().size();
          add(
              ongoing,
              image,
              topic,
              each.partitionIndexes().stream()
                  .mapToInt(Integer::intValue)
                  .filter(p -> p >= 0 && p < count));
        }
      }
    }
    return CompletableFuture.completedFuture(
        new ListPartitionReassignmentsResponseData().setErrorMessage(null).setTopics(ongoing));
  }

  private static void add(
      List<OngoingTopicReassignment> ongoing,
      MetadataImage image,
      MetadataImage.Topic topic,
      IntStream partitions) {
    List<OngoingPartitionReassignment> found =
        partitions
            .mapToObj(p -> reassignment(image, p, topic.partitions().get(p)))
            .flatMap(Optional::stream)
            .toList();
    if (!found.isEmpty()) {
      ongoing.add(new OngoingTopicReassignment().setName(topic.name()).setPartitions(found));
    }
  }

  private static Optional<OngoingPartitionReassignment> reassignment(
      MetadataImage image, int number, Partition partition) {
    return ClusterView.reassignment(image, partition)
        .map(ongoing ->
            new OngoingPartitionReassignment()
                .setPartitionIndex(number)
                .setReplicas(ongoing.replicas())
                .setAddingReplicas(ongoing.adding())
                .setRemovingReplicas(ongoing.removing()));
  }
}
