package io.millrace.broker.handler;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.broker.cluster.ClusterView;
import io.millrace.broker.cluster.Reassignment;
import io.millrace.broker.cluster.Refusal;
import io.millrace.broker.cluster.ReplicaAssignment;
import io.millrace.broker.cluster.Submissions;
import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataLog.Outcome;
import io.millrace.storage.metadata.MetadataRecord.ReplicasChanged;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.AlterPartitionReassignmentsRequestData;
import org.apache.kafka.common.message.AlterPartitionReassignmentsRequestData.ReassignablePartition;
import org.apache.kafka.common.message.AlterPartitionReassignmentsRequestData.ReassignableTopic;
import org.apache.kafka.common.message.AlterPartitionReassignmentsResponseData;
import org.apache.kafka.common.message.AlterPartitionReassignmentsResponseData.ReassignablePartitionResponse;
import org.apache.kafka.common.message.AlterPartitionReassignmentsResponseData.ReassignableTopicResponse;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/**
 * AlterPartitionReassignments: the new replica list stands at once, since no data is copied; only a
 * leader outside it takes a while to hand over. Until it has, a cancellation goes back to the
 * replicas of before.
 */
public final class AlterPartitionReassignmentsHandler
    implements ApiHandler<AlterPartitionReassignmentsRequestData> {
  private final MetadataLog metadata;

  public AlterPartitionReassignmentsHandler(MetadataLog metadata) {
    this.metadata = metadata;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.ALTER_PARTITION_REASSIGNMENTS;
  }

  private record Asked(String topic, ReassignablePartition partition) {}

  @Override
  public CompletableFuture<AlterPartitionReassignmentsResponseData> handle(
      RequestContext context, AlterPartitionReassignmentsRequestData request) {
    List<Asked> asked = new ArrayList<>();
    for (ReassignableTopic topic : request.topics()) {
      topic.partitions().forEach(partition -> asked.add(new Asked(topic.name(), partition)));
    }
    boolean mayChangeCount = request.allowReplicationFactorChange();
    return Submissions.each(asked, each -> reassign(each, mayChangeCount))
        .thenApply(refusals -> {
          Map<String, ReassignableTopicResponse> topics = new LinkedHashMap<>();
          for (int i = 0; i < asked.size(); i++) {
            topics
                .computeIfAbsent(
                    asked.get(i).topic(), name -> new ReassignableTopicResponse().setName(name))
                .partitions()
                .add(response(asked.get(i).partition().partitionIndex(), refusals.get(i)));
          }
          return new AlterPartitionReassignmentsResponseData()
              .setAllowReplicationFactorChange(mayChangeCount)
              .setErrorMessage(null)
              .setResponses(List.copyOf(topics.values()));
        });
  }

  private CompletableFuture<Optional<Refusal>> reassign(Asked asked, boolean mayChangeCount) {
    MetadataImage image = metadata.image();
    MetadataImage.Topic topic = image.topic(asked.topic());
    if (topic == null) {
      return refused(
          Errors.UNKNOWN_TOPIC_OR_PARTITION,
          "Unable to find a topic named %s.".formatted(asked.topic()));
    }
    PartitionId id = new PartitionId(topic.id(), asked.partition().partitionIndex());
    Partition partition = image.partition(id);
    if (partition == null) {
      return refused(
          Errors.UNKNOWN_TOPIC_OR_PARTITION,
          "Unable to find partition %s:%d.".formatted(asked.topic(), id.partition()));
    }
    List<Integer> replicas = asked.partition().replicas();
    if (replicas == null) {
      Optional<Reassignment> ongoing = ClusterView.reassignment(image, partition);
      return ongoing.isEmpty()
          ? refused(
              Errors.NO_REASSIGNMENT_IN_PROGRESS, Errors.NO_REASSIGNMENT_IN_PROGRESS.message())
          : change(id, partition, ongoing.get().cancelled(), asked, mayChangeCount);
    }
    Refusal problem = ReplicaAssignment.problem(image.brokers().keySet(), List.of(replicas), -1);
    if (problem != null) {
      return CompletableFuture.completedFuture(Optional.of(problem));
    }
    if (!mayChangeCount && replicas.size() != partition.replicas().size()) {
      return refused(
          Errors.INVALID_REPLICATION_FACTOR,
          "The replication factor is changed from %d to %d"
              .formatted(partition.replicas().size(), replicas.size()));
    }
    if (replicas.equals(partition.replicas())) {
      return CompletableFuture.completedFuture(Optional.empty());
    }
    return change(id, partition, List.copyOf(replicas), asked, mayChangeCount);
  }

  private CompletableFuture<Optional<Refusal>> change(
      PartitionId id,
      Partition partition,
      List<Integer> replicas,
      Asked asked,
      boolean mayChangeCount) {
    return metadata
        .submit(new ReplicasChanged(id, partition.replicas(), replicas))
        .thenCompose(outcome ->
            switch (outcome) {
              case Outcome.Applied _ -> CompletableFuture.completedFuture(Optional.empty());
              // another change was first: what is asked is judged by what there is now
              case Outcome.Voided _ -> reassign(asked, mayChangeCount);
            });
  }

  private static CompletableFuture<Optional<Refusal>> refused(Errors error, String message) {
    return CompletableFuture.completedFuture(Optional.of(new Refusal(error, message)));
  }

  private static ReassignablePartitionResponse response(int partition, Optional<Refusal> refusal) {
    return new ReassignablePartitionResponse()
        .setPartitionIndex(partition)
        .setErrorCode(refusal.map(Refusal::error).orElse(Errors.NONE).code())
        .setErrorMessage(refusal.map(Refusal::message).orElse(null));
  }
}
