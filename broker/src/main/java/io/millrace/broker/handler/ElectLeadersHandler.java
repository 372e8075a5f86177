package io.millrace.broker.handler;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.broker.cluster.ClusterView;
import io.millrace.broker.cluster.ImageWaits;
import io.millrace.broker.cluster.Refusal;
import io.millrace.broker.cluster.Submissions;
import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataRecord.TargetLeaderSet;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.message.ElectLeadersRequestData;
import org.apache.kafka.common.message.ElectLeadersRequestData.TopicPartitions;
import org.apache.kafka.common.message.ElectLeadersResponseData;
import org.apache.kafka.common.message.ElectLeadersResponseData.PartitionResult;
import org.apache.kafka.common.message.ElectLeadersResponseData.ReplicaElectionResult;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * ElectLeaders: asks for the first replica as leader and answers once it leads. The present leader
 * hands over by itself (invariant I14). An unclean election has nothing to do but to wait for the
 * recovery that names a leader: no replica is behind another.
 */
public final class ElectLeadersHandler implements ApiHandler<ElectLeadersRequestData> {
  private final MetadataLog metadata;
  private final ImageWaits waits;

  public ElectLeadersHandler(MetadataLog metadata, ImageWaits waits) {
    this.metadata = metadata;
    this.waits = waits;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.ELECT_LEADERS;
  }

  @Override
  public CompletableFuture<ElectLeadersResponseData> handle(
      RequestContext context, ElectLeadersRequestData request) {
    ElectionType type;
    try {
      type = ElectionType.valueOf(request.electionType());
    } catch (IllegalArgumentException e) {
      return CompletableFuture.completedFuture(
          new ElectLeadersResponseData().setErrorCode(Errors.INVALID_REQUEST.code()));
    }
    boolean all = request.topicPartitions() == null;
    List<Election> elections = elections(metadata.image(), request);
    elections.forEach(election -> election.decide(metadata.image(), type));
    List<Election> open = elections.stream().filter(Election::open).toList();
    return Submissions.each(open, this::ask)
        .thenCompose(_ ->
            waits.until(
                image -> open.stream().allMatch(election -> election.done(image)),
                TimeUnit.MILLISECONDS.toNanos(Math.max(0, request.timeoutMs()))))
        .thenApply(image -> {
          open.forEach(election -> election.settle(image, type, request.timeoutMs()));
          return response(elections, all);
        });
  }

  /** One partition's. */
  private static final class Election {
    private final String topic;
    private final int partition;
    private final @Nullable PartitionId id;

    /** Node to be led by; empty if any will do. */
    private Optional<Integer> wanted = Optional.empty();

    private @Nullable Refusal refusal;

    Election(String topic, int partition, @Nullable PartitionId id) {
      this.topic = topic;
      this.partition = partition;
      this.id = id;
    }

    boolean open() {
      return refusal == null;
    }

    void decide(MetadataImage image, ElectionType type) {
      Partition now = id == null ? null : image.partition(id);
      if (now == null) {
        refusal =
            new Refusal(
                Errors.UNKNOWN_TOPIC_OR_PARTITION,
                id == null
                    ? "No such topic as " + topic
                    : "No such partition as " + topic + "-" + partition);
        return;
      }
      int preferred = now.replicas().getFirst();
      switch (type) {
        case UNCLEAN -> {
          if (now.leader().isPresent()) {
            refusal = Refusal.of(Errors.ELECTION_NOT_NEEDED);
          }
        }
        case PREFERRED -> {
          wanted = Optional.of(preferred);
          if (done(image)) {
            refusal = Refusal.of(Errors.ELECTION_NOT_NEEDED);
          } else if (!image.brokers().containsKey(preferred)) {
            refusal = Refusal.of(Errors.PREFERRED_LEADER_NOT_AVAILABLE);
          }
        }
      }
    }

    /** Whether there is nothing more to wait for. */
    boolean done(MetadataImage image) {
      Partition now = id == null ? null : image.partition(id);
      if (now == null || refusal != null) {
        return true;
      }
      int leader = ClusterView.leaderId(image, now);
      return wanted.map(node -> node == leader).orElse(leader >= 0);
    }

    /** The time is up, or all are done. */
    void settle(MetadataImage image, ElectionType type, int timeoutMs) {
      if (id == null || image.partition(id) == null) {
        refusal = Refusal.of(Errors.UNKNOWN_TOPIC_OR_PARTITION);
      } else if (!done(image)) {
        refusal =
            switch (type) {
              case PREFERRED ->
                  new Refusal(
                      Errors.REQUEST_TIMED_OUT,
                      "The leader of %s-%d has not handed over within %d ms; it still shall."
                          .formatted(topic, partition, timeoutMs));
              case UNCLEAN -> Refusal.of(Errors.ELIGIBLE_LEADERS_NOT_AVAILABLE);
            };
      }
    }
  }

  private CompletableFuture<Boolean> ask(Election election) {
    PartitionId id = election.id;
    Partition now = id == null ? null : metadata.image().partition(id);
    // without a leader the first live replica is next anyway
    if (id == null
        || now == null
        || election.wanted.isEmpty()
        || now.leader().isEmpty()
        || now.targetLeader().equals(election.wanted)) {
      return CompletableFuture.completedFuture(false);
    }
    return metadata
        .submit(new TargetLeaderSet(id, election.wanted.get()))
        .thenApply(_ -> true); // void means that the partition is gone, which the image shows
  }

  private static List<Election> elections(MetadataImage image, ElectLeadersRequestData request) {
    List<Election> elections = new ArrayList<>();
    if (request.topicPartitions() == null) {
      for (String name : image.topicIds().keySet()) {
        MetadataImage.Topic topic = image.topic(name);
        for (int p = 0; topic != null && p < topic.partitions().size(); p++) {
          elections.add(new Election(name, p, new PartitionId(topic.id(), p)));
        }
      }
      return elections;
    }
    for (TopicPartitions asked : request.topicPartitions()) {
      MetadataImage.Topic topic = image.topic(asked.topic());
      for (int p : asked.partitions()) {
        elections.add(
            new Election(asked.topic(), p, topic == null ? null : new PartitionId(topic.id(), p)));
      }
    }
    return elections;
  }

  /**
   * @param all whether no partitions were named: then those that need no election are left out
   */
  private static ElectLeadersResponseData response(List<Election> elections, boolean all) {
    Map<String, ReplicaElectionResult> topics = new LinkedHashMap<>();
    for (Election election : elections) {
      Refusal refusal = election.refusal;
      if (all && refusal != null && refusal.error() == Errors.ELECTION_NOT_NEEDED) {
        continue;
      }
      topics
          .computeIfAbsent(election.topic, name -> new ReplicaElectionResult().setTopic(name))
          .partitionResult()
          .add(
              new PartitionResult()
                  .setPartitionId(election.partition)
                  .setErrorCode(refusal == null ? Errors.NONE.code() : refusal.error().code())
                  .setErrorMessage(refusal == null ? null : refusal.message()));
    }
    return new ElectLeadersResponseData().setReplicaElectionResults(List.copyOf(topics.values()));
  }
}
