package io.millrace.broker.handler;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.storage.metadata.MetadataImage.Partition;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.common.message.CreatePartitionsRequestData;
import org.apache.kafka.common.message.CreatePartitionsRequestData.CreatePartitionsAssignment;
import org.apache.kafka.common.message.CreatePartitionsRequestData.CreatePartitionsTopic;
import org.apache.kafka.common.message.CreatePartitionsResponseData;
import org.apache.kafka.common.message.CreatePartitionsResponseData.CreatePartitionsTopicResult;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CreatePartitionsHandlerTest {
  private final HandlerWorld world = new HandlerWorld(Map.of());
  private final CreatePartitionsHandler handler =
      new CreatePartitionsHandler(world.metadata, world.randomness, world.quotas);

  @BeforeEach
  void aTopicOfThree() {
    world.createTopic("alpha", 1, 1, 1);
  }

  @Test
  void partitionsAreAddedInEveryVersion() {
    for (int version = 0; version <= 3; version++) {
      assertThat(call(version, request(topic("alpha", 4 + version))).errorCode()).isZero();
    }
    assertThat(partitions())
        .hasSize(7)
        .allMatch(p -> p.replicas().equals(List.of(1)) && p.leader().isPresent());
  }

  @Test
  void validateOnlyChangesNothing() {
    assertThat(call(3, request(topic("alpha", 5)).setValidateOnly(true)).errorCode()).isZero();
    assertThat(partitions()).hasSize(3);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "2 | INVALID_PARTITIONS | The topic alpha currently has 3 partition(s); 2 would not be an increase.",
        "0 | INVALID_PARTITIONS | The topic alpha currently has 3 partition(s); 0 would not be an increase.",
        "-1 | INVALID_PARTITIONS | The topic alpha currently has 3 partition(s); -1 would not be an increase.",
        "3 | INVALID_PARTITIONS | Topic already has 3 partition(s).",
        "200000 | POLICY_VIOLATION | Excessively large number of partitions per request.",
      })
  void badCountsAreRefusedAsKafkaDoes(int count, Errors error, String message) {
    assertRefused(call(3, request(topic("alpha", count))), error, message);
  }

  @Test
  void anUnknownTopicAndOneNamedTwiceAreRefused() {
    assertRefused(call(3, request(topic("nosuch", 5))), Errors.UNKNOWN_TOPIC_OR_PARTITION, null);
    CreatePartitionsResponseData twice =
        world.call(
            handler,
            3,
            request(topic("alpha", 5), topic("alpha", 6)),
            CreatePartitionsResponseData.class);
    assertThat(twice.results()).hasSize(1);
    assertRefused(twice.results().getFirst(), Errors.INVALID_REQUEST, "Duplicate topic name.");
  }

  @Test
  void assignmentsByHandStandAsGivenIfTheyFit() {
    world.start(2);

    assertThat(call(3, request(assigned("alpha", 5, List.of(List.of(2), List.of(1))))).errorCode())
        .isZero();

    assertThat(partitions().subList(3, 5))
        .extracting(Partition::replicas)
        .containsExactly(List.of(2), List.of(1));
    assertRefused(
        call(3, request(assigned("alpha", 7, List.of(List.of(1))))),
        Errors.INVALID_REPLICA_ASSIGNMENT,
        "Attempted to add 2 additional partition(s), but only 1 assignment(s) were specified.");
    assertRefused(
        call(3, request(assigned("alpha", 6, List.of(List.of(9))))),
        Errors.INVALID_REPLICA_ASSIGNMENT,
        "The manual partition assignment includes broker 9, but no such broker is registered.");
    assertRefused(
        call(3, request(assigned("alpha", 6, List.of(List.of(1, 2))))),
        Errors.INVALID_REPLICA_ASSIGNMENT,
        "The manual partition assignment includes a partition with 2 replica(s), but this is not consistent with previous"
            + " partitions, which have 1 replica(s).");
  }

  private List<Partition> partitions() {
    return Objects.requireNonNull(world.metadata.image().topic("alpha")).partitions();
  }

  private CreatePartitionsTopicResult call(int version, CreatePartitionsRequestData request) {
    return world
        .call(handler, version, request, CreatePartitionsResponseData.class)
        .results()
        .getFirst();
  }

  private static CreatePartitionsRequestData request(CreatePartitionsTopic... topics) {
    CreatePartitionsRequestData request = new CreatePartitionsRequestData();
    request.topics().addAll(Arrays.asList(topics));
    return request;
  }

  private static CreatePartitionsTopic topic(String name, int count) {
    return new CreatePartitionsTopic().setName(name).setCount(count).setAssignments(null);
  }

  private static CreatePartitionsTopic assigned(
      String name, int count, List<List<Integer>> replicas) {
    return topic(name, count)
        .setAssignments(
            replicas.stream().map(r -> new CreatePartitionsAssignment().setBrokerIds(r)).toList());
  }

  private static void assertRefused(
      CreatePartitionsTopicResult result, Errors error, @Nullable String message) {
    assertThat(Errors.forCode(result.errorCode())).isEqualTo(error);
    assertThat(result.errorMessage()).isEqualTo(message);
  }
}
