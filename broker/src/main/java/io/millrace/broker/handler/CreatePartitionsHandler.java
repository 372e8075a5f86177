package io.millrace.broker.handler;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.broker.cluster.NewTopics;
import io.millrace.broker.cluster.Refusal;
import io.millrace.broker.cluster.ReplicaAssignment;
import io.millrace.broker.quota.ClientQuotas;
import io.millrace.broker.quota.Mutations;
import io.millrace.runtime.Randomness;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataRecord.PartitionsAdded;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntPredicate;
import org.apache.kafka.common.message.CreatePartitionsRequestData;
import org.apache.kafka.common.message.CreatePartitionsRequestData.CreatePartitionsAssignment;
import org.apache.kafka.common.message.CreatePartitionsRequestData.CreatePartitionsTopic;
import org.apache.kafka.common.message.CreatePartitionsResponseData;
import org.apache.kafka.common.message.CreatePartitionsResponseData.CreatePartitionsTopicResult;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/** CreatePartitions: raises the number of partitions of topics; or validated only. */
public final class CreatePartitionsHandler implements ApiHandler<CreatePartitionsRequestData> {
  private static final int THROTTLE_REFUSES_SINCE = 3;

  private final MetadataLog metadata;
  private final Randomness randomness;
  private final ClientQuotas quotas;

  public CreatePartitionsHandler(MetadataLog metadata, Randomness randomness, ClientQuotas quotas) {
    this.metadata = metadata;
    this.randomness = randomness;
    this.quotas = quotas;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.CREATE_PARTITIONS;
  }

  @Override
  public CompletableFuture<CreatePartitionsResponseData> handle(
      RequestContext context, CreatePartitionsRequestData request) {
    Map<String, CreatePartitionsTopic> topics = new LinkedHashMap<>();
    Set<String> twice = new HashSet<>();
    for (CreatePartitionsTopic topic : request.topics()) {
      if (topics.putIfAbsent(topic.name(), topic) != null) {
        twice.add(topic.name());
      }
    }
    Mutations mutations = new Mutations(quotas, context, THROTTLE_REFUSES_SINCE);
    List<CompletableFuture<CreatePartitionsTopicResult>> results = new ArrayList<>();
    for (CreatePartitionsTopic topic : topics.values()) {
      results.add(
          twice.contains(topic.name())
              ? refused(topic.name(), Refusal.invalidRequest("Duplicate topic name."))
              : raise(topic, request.validateOnly(), mutations::allow));
    }
    return CompletableFuture.allOf(results.toArray(CompletableFuture<?>[]::new))
        .thenApply(_ ->
            new CreatePartitionsResponseData()
                .setThrottleTimeMs(mutations.throttleMs())
                .setResults(results.stream().map(CompletableFuture::resultNow).toList()));
  }

  private CompletableFuture<CreatePartitionsTopicResult> raise(
      CreatePartitionsTopic asked, boolean validateOnly, IntPredicate quota) {
    MetadataImage image = metadata.image();
    MetadataImage.Topic topic = image.topic(asked.name());
    if (topic == null) {
      return refused(asked.name(), new Refusal(Errors.UNKNOWN_TOPIC_OR_PARTITION, null));
    }
    Refusal refusal = refusal(image, topic, asked);
    if (refusal != null) {
      return refused(asked.name(), refusal);
    }
    int present = topic.partitions().size();
    if (!quota.test(asked.count() - present)) {
      return refused(asked.name(), Refusal.of(Errors.THROTTLING_QUOTA_EXCEEDED));
    }
    if (validateOnly) {
      return CompletableFuture.completedFuture(done(asked.name()));
    }
    return metadata
        .submit(new PartitionsAdded(topic.id(), present, replicas(image, topic, asked)))
        .thenCompose(outcome ->
            switch (outcome) {
              case MetadataLog.Outcome.Applied _ ->
                  CompletableFuture.completedFuture(done(asked.name()));
              // another request was first: what is asked is judged by what there is now
              case MetadataLog.Outcome.Voided _ -> raise(asked, false, _ -> true);
            });
  }

  private static @Nullable Refusal refusal(
      MetadataImage image, MetadataImage.Topic topic, CreatePartitionsTopic asked) {
    int present = topic.partitions().size();
    int added = asked.count() - present;
    if (added == 0) {
      return new Refusal(
          Errors.INVALID_PARTITIONS, "Topic already has %d partition(s).".formatted(present));
    }
    if (added < 0) {
      return new Refusal(
          Errors.INVALID_PARTITIONS,
          "The topic %s currently has %d partition(s); %d would not be an increase."
              .formatted(topic.name(), present, asked.count()));
    }
    if (added > NewTopics.PARTITIONS_MAX) {
      return new Refusal(
          Errors.POLICY_VIOLATION, "Excessively large number of partitions per request.");
    }
    List<CreatePartitionsAssignment> assignments = asked.assignments();
    if (assignments == null) {
      return ReplicaAssignment.tooFew(image.brokers().keySet(), replicationFactor(topic));
    }
    if (assignments.size() != added) {
      return new Refusal(
          Errors.INVALID_REPLICA_ASSIGNMENT,
          "Attempted to add %d additional partition(s), but only %d assignment(s) were specified."
              .formatted(added, assignments.size()));
    }
    return ReplicaAssignment.problem(
        image.brokers().keySet(), byHand(assignments), replicationFactor(topic));
  }

  private List<List<Integer>> replicas(
      MetadataImage image, MetadataImage.Topic topic, CreatePartitionsTopic asked) {
    List<CreatePartitionsAssignment> assignments = asked.assignments();
    if (assignments != null) {
      return byHand(assignments);
    }
    SortedMap<Integer, String> racks = ReplicaAssignment.racks(image);
    int present = topic.partitions().size();
    return ReplicaAssignment.spread(
        racks,
        randomness.nextInt(racks.size()),
        present,
        asked.count() - present,
        replicationFactor(topic));
  }

  private static List<List<Integer>> byHand(List<CreatePartitionsAssignment> assignments) {
    return assignments.stream().map(assignment -> List.copyOf(assignment.brokerIds())).toList();
  }

  private static int replicationFactor(MetadataImage.Topic topic) {
    return topic.partitions().getFirst().replicas().size();
  }

  private static CreatePartitionsTopicResult done(String name) {
    return new CreatePartitionsTopicResult().setName(name).setErrorMessage(null);
  }

  private static CompletableFuture<CreatePartitionsTopicResult> refused(
      String name, Refusal refusal) {
    return CompletableFuture.completedFuture(
        new CreatePartitionsTopicResult()
            .setName(name)
            .setErrorCode(refusal.error().code())
            .setErrorMessage(refusal.message()));
  }
}
