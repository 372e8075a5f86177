package io.millrace.broker.handler;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.storage.metadata.MetadataRecord.ConfigScope;
import io.millrace.storage.metadata.MetadataRecord.TopicDeleted;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.common.message.CreateTopicsRequestData;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableReplicaAssignment;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopic;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopicConfig;
import org.apache.kafka.common.message.CreateTopicsResponseData;
import org.apache.kafka.common.message.CreateTopicsResponseData.CreatableTopicConfigs;
import org.apache.kafka.common.message.CreateTopicsResponseData.CreatableTopicResult;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CreateTopicsHandlerTest {
  private final HandlerWorld world = new HandlerWorld(Map.of("num.partitions", "4"));
  private final CreateTopicsHandler handler =
      new CreateTopicsHandler(world.newTopics, world.quotas);

  @Test
  void aTopicIsMadeWithItsConfigsAndTheAnswerShowsThem() {
    CreatableTopicResult result = create(7, config(topic("orders", 3, 1), "retention.ms", "60000"));

    assertThat(result.errorCode()).isZero();
    assertThat(result.numPartitions()).isEqualTo(3);
    assertThat(result.replicationFactor()).isEqualTo((short) 1);
    var made = Objects.requireNonNull(world.metadata.image().topic("orders"));
    assertThat(result.topicId()).isEqualTo(made.id());
    assertThat(made.partitions()).hasSize(3);
    assertThat(world.metadata.image().configs(ConfigScope.TOPIC, made.id().toString()))
        .containsExactly(Map.entry("retention.ms", "60000"));
    assertThat(result.configs())
        .contains(
            new CreatableTopicConfigs()
                .setName("retention.ms")
                .setValue("60000")
                .setConfigSource((byte) 1))
        .contains(
            new CreatableTopicConfigs()
                .setName("cleanup.policy")
                .setValue("delete")
                .setConfigSource((byte) 5));
  }

  @Test
  void countsLeftOutAreTheBrokersDefaults() {
    CreatableTopicResult result = create(7, topic("orders", -1, -1));

    assertThat(result.numPartitions()).isEqualTo(4);
    assertThat(result.replicationFactor()).isEqualTo((short) 1);
  }

  @Test
  void olderClientsGetAnAnswerWithoutWhatTheyDoNotKnow() {
    for (int version = 2; version <= 7; version++) {
      assertThat(create(version, topic("topic" + version, 1, 1)).errorCode()).isZero();
      assertThat(create(version, topic("topic" + version, 1, 1)).errorCode())
          .isEqualTo(Errors.TOPIC_ALREADY_EXISTS.code());
    }
  }

  @Test
  void validateOnlyChangesNothing() {
    CreateTopicsRequestData request = request(topic("orders", 2, 1)).setValidateOnly(true);

    CreatableTopicResult result = call(7, request).topics().iterator().next();

    assertThat(result.errorCode()).isZero();
    assertThat(result.numPartitions()).isEqualTo(2);
    assertThat(world.metadata.image().topics()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "beta | 0 | 1 | INVALID_PARTITIONS | Number of partitions was set to an invalid non-positive value.",
        "beta | -2 | 1 | INVALID_PARTITIONS | Number of partitions was set to an invalid non-positive value.",
        "beta | 1 | 0 | INVALID_REPLICATION_FACTOR | Replication factor must be larger than 0, or -1 to use the default value.",
        "beta | 1 | 3 | INVALID_REPLICATION_FACTOR | Unable to replicate the partition 3 time(s): The target replication factor of 3"
            + " cannot be reached because only 1 broker(s) are registered or some brokers have all their log directories cordoned.",
        "\"\" | 1 | 1 | INVALID_TOPIC_EXCEPTION | Topic name is invalid: the empty string is not allowed",
        ".. | 1 | 1 | INVALID_TOPIC_EXCEPTION | Topic name is invalid: '..' is not allowed",
        "a b | 1 | 1 | INVALID_TOPIC_EXCEPTION | Topic name is invalid: 'a b' contains one or more characters other than ASCII"
            + " alphanumerics, '.', '_' and '-'",
        "my_topic | 1 | 1 | INVALID_TOPIC_EXCEPTION | Topic 'my_topic' collides with existing topic: my.topic",
        "my.topic | 1 | 1 | TOPIC_ALREADY_EXISTS | Topic 'my.topic' already exists.",
        "__cluster_metadata | 1 | 1 | INVALID_REQUEST | Creation of internal topic __cluster_metadata is prohibited.",
        "beta | 10001 | 1 | POLICY_VIOLATION | Excessively large number of partitions per request.",
      })
  void refusesAsKafkaDoes(
      String name, int partitions, int replicationFactor, Errors error, String message) {
    world.createTopic("my.topic", 1);

    assertRefused(create(7, topic(name, partitions, replicationFactor)), error, message);
  }

  @Test
  void configsAreCheckedAsKafkaDoes() {
    assertRefused(
        create(7, config(topic("a", 1, 1), "nope", "1")),
        Errors.INVALID_CONFIG,
        "Unknown topic config name: nope");
    assertRefused(
        create(7, config(topic("a", 1, 1), "retention.ms", "abc")),
        Errors.INVALID_CONFIG,
        "Invalid value abc for configuration retention.ms: Not a number of type LONG");
    assertRefused(
        create(7, config(topic("a", 1, 1), "retention.ms", null)),
        Errors.INVALID_CONFIG,
        "Null value not supported for topic configs: retention.ms");
  }

  @Test
  void aTopicNamedTwiceIsRefusedOnce() {
    CreateTopicsResponseData response = call(7, request(topic("dup", 1, 1), topic("dup", 2, 1)));

    assertThat(response.topics()).hasSize(1);
    assertRefused(
        response.topics().iterator().next(), Errors.INVALID_REQUEST, "Duplicate topic name.");
  }

  @Test
  void assignmentsByHandStandAsGiven() {
    world.start(2);

    assertThat(create(7, assigned(topic("a", -1, -1), List.of(2, 1), List.of(1, 2))).errorCode())
        .isZero();

    assertThat(Objects.requireNonNull(world.metadata.image().topic("a")).partitions())
        .extracting(p -> p.replicas())
        .containsExactly(List.of(2, 1), List.of(1, 2));
  }

  @Test
  void assignmentsByHandAreCheckedAsKafkaDoes() {
    world.start(2);
    assertRefused(
        create(7, assigned(topic("a", 1, 1), List.of(1))),
        Errors.INVALID_REQUEST,
        "A manual partition assignment was specified, but replication factor was not set to -1.");
    assertRefused(
        create(7, assigned(topic("a", -1, -1), List.of(7))),
        Errors.INVALID_REPLICA_ASSIGNMENT,
        "The manual partition assignment includes broker 7, but no such broker is registered.");
    assertRefused(
        create(7, assigned(topic("a", -1, -1), List.of(1, 1))),
        Errors.INVALID_REPLICA_ASSIGNMENT,
        "The manual partition assignment includes the broker 1 more than once.");
    assertRefused(
        create(7, assigned(topic("a", -1, -1), List.of())),
        Errors.INVALID_REPLICA_ASSIGNMENT,
        "The manual partition assignment includes an empty replica list.");
    assertRefused(
        create(7, assigned(topic("a", -1, -1), List.of(1), List.of(1, 2))),
        Errors.INVALID_REPLICA_ASSIGNMENT,
        "The manual partition assignment includes a partition with 2 replica(s), but this is not consistent with previous"
            + " partitions, which have 1 replica(s).");
    CreatableTopic gap = topic("a", -1, -1);
    gap.assignments()
        .add(new CreatableReplicaAssignment().setPartitionIndex(1).setBrokerIds(List.of(1)));
    assertRefused(
        create(7, gap),
        Errors.INVALID_REPLICA_ASSIGNMENT,
        "partitions should be a consecutive 0-based integer sequence");
  }

  @Test
  void leadersAndFollowersAreSpreadOverTheBrokers() {
    world.start(2);
    world.start(3);

    create(7, topic("a", 6, 2));

    var partitions = Objects.requireNonNull(world.metadata.image().topic("a")).partitions();
    for (int node = 1; node <= 3; node++) {
      int id = node;
      assertThat(partitions).filteredOn(p -> p.replicas().getFirst() == id).hasSize(2);
      assertThat(partitions).filteredOn(p -> p.replicas().get(1) == id).hasSize(2);
    }
    assertThat(partitions).allMatch(p -> p.replicas().stream().distinct().count() == 2);
  }

  @Test
  void aNameIsFreeAgainAfterDeletion() {
    CreatableTopicResult first = create(7, topic("a", 1, 1));
    world.commit(new TopicDeleted(first.topicId()));

    CreatableTopicResult second = create(7, topic("a", 1, 1));

    assertThat(second.errorCode()).isZero();
    assertThat(second.topicId()).isNotEqualTo(first.topicId());
  }

  private CreatableTopicResult create(int version, CreatableTopic topic) {
    return call(version, request(topic)).topics().iterator().next();
  }

  private CreateTopicsResponseData call(int version, CreateTopicsRequestData request) {
    return world.call(handler, version, request, CreateTopicsResponseData.class);
  }

  private static CreateTopicsRequestData request(CreatableTopic... topics) {
    CreateTopicsRequestData request = new CreateTopicsRequestData();
    request.topics().addAll(Arrays.asList(topics));
    return request;
  }

  private static CreatableTopic topic(String name, int partitions, int replicationFactor) {
    return new CreatableTopic()
        .setName(name)
        .setNumPartitions(partitions)
        .setReplicationFactor((short) replicationFactor);
  }

  private static CreatableTopic config(CreatableTopic topic, String name, @Nullable String value) {
    topic.configs().add(new CreatableTopicConfig().setName(name).setValue(value));
    return topic;
  }

  @SafeVarargs
  private static CreatableTopic assigned(CreatableTopic topic, List<Integer>... replicas) {
    for (int p = 0; p < replicas.length; p++) {
      topic
          .assignments()
          .add(new CreatableReplicaAssignment().setPartitionIndex(p).setBrokerIds(replicas[p]));
    }
    return topic;
  }

  private static void assertRefused(CreatableTopicResult result, Errors error, String message) {
    assertThat(Errors.forCode(result.errorCode())).isEqualTo(error);
    assertThat(result.errorMessage()).isEqualTo(message);
  }
}
