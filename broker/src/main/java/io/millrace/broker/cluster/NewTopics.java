package io.millrace.broker.cluster;

import io.millrace.broker.config.BrokerConfig;
import io.millrace.broker.config.ConfigEntry;
import io.millrace.broker.config.RequestKeys;
import io.millrace.broker.config.TopicConfigs;
import io.millrace.runtime.Randomness;
import io.millrace.storage.RandomUuid;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataRecord.TopicCreated;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntPredicate;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableReplicaAssignment;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopic;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopicConfig;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.server.policy.CreateTopicPolicy;
import org.jspecify.annotations.Nullable;

/**
 * Creates topics, asked for or automatically, under Kafka's rules for names, counts, assignments
 * and configs. Any thread may call.
 */
public final class NewTopics {
  /** Most new partitions in one request. */
  public static final int PARTITIONS_MAX = 10_000;

  private static final int DEFAULT = -1;

  private final MetadataLog metadata;
  private final BrokerConfig config;
  private final TopicConfigs topicConfigs;
  private final Policies policies;
  private final Randomness randomness;

  public NewTopics(
      MetadataLog metadata,
      BrokerConfig config,
      TopicConfigs topicConfigs,
      Policies policies,
      Randomness randomness) {
    this.metadata = metadata;
    this.config = config;
    this.topicConfigs = topicConfigs;
    this.policies = policies;
    this.randomness = randomness;
  }

  /** What became of one. */
  public sealed interface Outcome {
    /** It stands, or would ({@code id} is zero then). */
    record Created(Uuid id, int partitions, int replicationFactor, List<ConfigEntry> configs)
        implements Outcome {}

    record Refused(Refusal refusal) implements Outcome {}
  }

  /**
   * With the broker's defaults, if it is not there at the tip of the metadata; done when the topic
   * stands, however it came to be.
   */
  public CompletableFuture<Outcome> createAutomatically(String name) {
    CreatableTopic topic =
        new CreatableTopic()
            .setName(name)
            .setNumPartitions(DEFAULT)
            .setReplicationFactor((short) DEFAULT);
    return metadata.refresh().thenCompose(_ -> create(topic, false, _ -> true));
  }

  /**
   * @param quota whether so many more partitions may be made
   */
  public CompletableFuture<Outcome> create(
      CreatableTopic asked, boolean validateOnly, IntPredicate quota) {
    MetadataImage image = metadata.image();
    Map<String, @Nullable String> configs = new LinkedHashMap<>();
    for (CreatableTopicConfig each : asked.configs()) {
      configs.put(each.name(), each.value());
    }
    Refusal refusal = refusal(image, asked, configs);
    if (refusal != null) {
      return refused(refusal);
    }
    List<List<Integer>> replicas = replicas(image, asked);
    Map<String, String> stored = new TreeMap<>();
    configs.forEach((name, value) -> stored.put(name, Objects.requireNonNull(value)));
    Refusal policy = policies.refusal(described(asked, replicas, stored));
    if (policy != null) {
      return refused(policy);
    }
    if (!quota.test(replicas.size())) {
      return refused(Refusal.of(Errors.THROTTLING_QUOTA_EXCEEDED));
    }
    List<ConfigEntry> described = topicConfigs.describe(image, stored);
    int replicationFactor = replicas.getFirst().size();
    if (validateOnly) {
      return CompletableFuture.completedFuture(
          new Outcome.Created(Uuid.ZERO_UUID, replicas.size(), replicationFactor, described));
    }
    Uuid id = RandomUuid.next(randomness);
    return metadata
        .submit(new TopicCreated(id, asked.name(), replicas, stored))
        .thenApply(outcome ->
            switch (outcome) {
              case MetadataLog.Outcome.Applied _ ->
                  new Outcome.Created(id, replicas.size(), replicationFactor, described);
              case MetadataLog.Outcome.Voided _ -> new Outcome.Refused(exists(asked.name()));
            });
  }

  /** Counts, or the assignment made by hand. */
  private static CreateTopicPolicy.RequestMetadata described(
      CreatableTopic asked, List<List<Integer>> replicas, Map<String, String> configs) {
    if (asked.assignments().isEmpty()) {
      return new CreateTopicPolicy.RequestMetadata(
          asked.name(), replicas.size(), (short) replicas.getFirst().size(), null, configs);
    }
    Map<Integer, List<Integer>> byPartition = new TreeMap<>();
    for (int p = 0; p < replicas.size(); p++) {
      byPartition.put(p, replicas.get(p));
    }
    return new CreateTopicPolicy.RequestMetadata(asked.name(), null, null, byPartition, configs);
  }

  /** Partitions the topic would have, for the limit of a request. */
  public int partitions(CreatableTopic asked) {
    if (!asked.assignments().isEmpty()) {
      return asked.assignments().size();
    }
    return asked.numPartitions() == DEFAULT
        ? config.get(RequestKeys.NUM_PARTITIONS)
        : Math.max(asked.numPartitions(), 0);
  }

  /** Why no topic can have this name, null if one can. */
  public static @Nullable Refusal badName(String name) {
    try {
      Topic.validate(name);
      return null;
    } catch (InvalidTopicException e) {
      return new Refusal(Errors.INVALID_TOPIC_EXCEPTION, e.getMessage());
    }
  }

  private @Nullable Refusal refusal(
      MetadataImage image, CreatableTopic asked, Map<String, @Nullable String> configs) {
    Refusal name = badName(asked.name());
    if (name != null) {
      return name;
    }
    if (image.topic(asked.name()) != null) {
      return exists(asked.name());
    }
    Optional<String> collision = collision(image, asked.name());
    if (collision.isPresent()) {
      return new Refusal(
          Errors.INVALID_TOPIC_EXCEPTION,
          "Topic '%s' collides with existing topic: %s".formatted(asked.name(), collision.get()));
    }
    String configProblem = topicConfigs.problem(configs);
    if (configProblem != null) {
      return new Refusal(Errors.INVALID_CONFIG, configProblem);
    }
    return asked.assignments().isEmpty() ? badCounts(image, asked) : badAssignment(image, asked);
  }

  private @Nullable Refusal badCounts(MetadataImage image, CreatableTopic asked) {
    if (asked.replicationFactor() < DEFAULT || asked.replicationFactor() == 0) {
      return new Refusal(
          Errors.INVALID_REPLICATION_FACTOR,
          "Replication factor must be larger than 0, or -1 to use the default value.");
    }
    if (asked.numPartitions() < DEFAULT || asked.numPartitions() == 0) {
      return new Refusal(
          Errors.INVALID_PARTITIONS,
          "Number of partitions was set to an invalid non-positive value.");
    }
    return ReplicaAssignment.tooFew(image.brokers().keySet(), replicationFactor(asked));
  }

  private static @Nullable Refusal badAssignment(MetadataImage image, CreatableTopic asked) {
    if (asked.replicationFactor() != DEFAULT) {
      return Refusal.invalidRequest(
          "A manual partition assignment was specified, but replication factor was not set to -1.");
    }
    if (asked.numPartitions() != DEFAULT) {
      return Refusal.invalidRequest(
          "A manual partition assignment was specified, but numPartitions was not set to -1.");
    }
    Map<Integer, List<Integer>> byPartition = new TreeMap<>();
    for (CreatableReplicaAssignment assignment : asked.assignments()) {
      if (byPartition.put(assignment.partitionIndex(), assignment.brokerIds()) != null) {
        return new Refusal(
            Errors.INVALID_REPLICA_ASSIGNMENT,
            "Found multiple manual partition assignments for partition "
                + assignment.partitionIndex());
      }
    }
    Refusal problem =
        ReplicaAssignment.problem(image.brokers().keySet(), List.copyOf(byPartition.values()), -1);
    if (problem != null) {
      return problem;
    }
    int expected = 0;
    for (int partition : byPartition.keySet()) {
      if (partition != expected++) {
        return new Refusal(
            Errors.INVALID_REPLICA_ASSIGNMENT,
            "partitions should be a consecutive 0-based integer sequence");
      }
    }
    return null;
  }

  private List<List<Integer>> replicas(MetadataImage image, CreatableTopic asked) {
    if (!asked.assignments().isEmpty()) {
      TreeMap<Integer, List<Integer>> byPartition = new TreeMap<>();
      asked
          .assignments()
          .forEach(a -> byPartition.put(a.partitionIndex(), List.copyOf(a.brokerIds())));
      return List.copyOf(byPartition.values());
    }
    SortedMap<Integer, String> racks = ReplicaAssignment.racks(image);
    int start = randomness.nextInt(racks.size());
    return ReplicaAssignment.spread(racks, start, 0, partitions(asked), replicationFactor(asked));
  }

  private int replicationFactor(CreatableTopic asked) {
    return asked.replicationFactor() == DEFAULT
        ? config.get(RequestKeys.DEFAULT_REPLICATION_FACTOR)
        : asked.replicationFactor();
  }

  private static Optional<String> collision(MetadataImage image, String name) {
    return Topic.hasCollisionChars(name)
        ? image.topicIds().keySet().stream()
            .filter(other -> Topic.hasCollision(name, other))
            .findFirst()
        : Optional.empty();
  }

  private static Refusal exists(String name) {
    return new Refusal(Errors.TOPIC_ALREADY_EXISTS, "Topic '%s' already exists.".formatted(name));
  }

  private static CompletableFuture<Outcome> refused(Refusal refusal) {
    return CompletableFuture.completedFuture(new Outcome.Refused(refusal));
  }
}
