package io.millrace.broker.handler;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.broker.api.ApiErrors;
import io.millrace.broker.cluster.ClusterView;
import io.millrace.broker.cluster.ImageWaits;
import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataRecord.IncarnationFenced;
import io.millrace.storage.metadata.MetadataRecord.LeaderHandedOver;
import io.millrace.storage.metadata.MetadataRecord.TargetLeaderSet;
import io.millrace.storage.metadata.MetadataRecord.TopicCreated;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.AlterPartitionReassignmentsRequestData;
import org.apache.kafka.common.message.AlterPartitionReassignmentsRequestData.ReassignablePartition;
import org.apache.kafka.common.message.AlterPartitionReassignmentsRequestData.ReassignableTopic;
import org.apache.kafka.common.message.AlterPartitionReassignmentsResponseData;
import org.apache.kafka.common.message.AlterPartitionReassignmentsResponseData.ReassignablePartitionResponse;
import org.apache.kafka.common.message.ElectLeadersRequestData;
import org.apache.kafka.common.message.ElectLeadersRequestData.TopicPartitions;
import org.apache.kafka.common.message.ElectLeadersResponseData;
import org.apache.kafka.common.message.ElectLeadersResponseData.PartitionResult;
import org.apache.kafka.common.message.ListPartitionReassignmentsRequestData;
import org.apache.kafka.common.message.ListPartitionReassignmentsRequestData.ListPartitionReassignmentsTopics;
import org.apache.kafka.common.message.ListPartitionReassignmentsResponseData;
import org.apache.kafka.common.message.ListPartitionReassignmentsResponseData.OngoingPartitionReassignment;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Elections and reassignments, asked of broker 1, in a cluster of three. */
class LeaderHandlersTest {
  private static final int TIMEOUT_MS = 30_000;
  private static final Uuid TOPIC = new Uuid(99, 1);

  private final HandlerWorld world = new HandlerWorld(Map.of());
  private final MetadataLog second = world.start(2);
  private final MetadataLog third = world.start(3);
  private final ImageWaits waits = new ImageWaits(world.metadata, world.threads.eventLoop("waits"));
  private final ElectLeadersHandler elect = new ElectLeadersHandler(world.metadata, waits);
  private final AlterPartitionReassignmentsHandler alter =
      new AlterPartitionReassignmentsHandler(world.metadata);
  private final ListPartitionReassignmentsHandler list =
      new ListPartitionReassignmentsHandler(world.metadata);

  private void topic(List<List<Integer>> replicas) {
    world.commit(new TopicCreated(TOPIC, "t", replicas, Map.of()));
  }

  private Partition partition(int number) {
    return Objects.requireNonNull(world.metadata.image().partition(new PartitionId(TOPIC, number)));
  }

  private int leader(int number) {
    return ClusterView.leaderId(world.metadata.image(), partition(number));
  }

  /** The present leader hands over, as it does when it sees another target. */
  private void handOver(MetadataLog leader, int number, int to) {
    world.await(leader.refresh());
    world.await(
        leader.submit(
            new LeaderHandedOver(
                new PartitionId(TOPIC, number), partition(number).leaderEpoch(), to)));
    world.await(world.metadata.refresh());
  }

  private CompletableFuture<ElectLeadersResponseData> elect(
      ElectionType type, @Nullable String topic, Integer... partitions) {
    ElectLeadersRequestData request =
        new ElectLeadersRequestData().setElectionType(type.value).setTimeoutMs(TIMEOUT_MS);
    if (topic == null) {
      request.setTopicPartitions(null);
    } else {
      request
          .topicPartitions()
          .add(new TopicPartitions().setTopic(topic).setPartitions(List.of(partitions)));
    }
    return elect.handle(HandlerWorld.context(2), request);
  }

  private static PartitionResult only(ElectLeadersResponseData response) {
    return response.replicaElectionResults().getFirst().partitionResult().getFirst();
  }

  private static Errors error(ElectLeadersResponseData response) {
    return Errors.forCode(only(response).errorCode());
  }

  @Test
  void aPreferredElectionIsAnsweredOnceTheLeaderHasHandedOver() {
    topic(List.of(List.of(1, 2)));
    handOver(world.metadata, 0, 2);

    CompletableFuture<ElectLeadersResponseData> answer = elect(ElectionType.PREFERRED, "t", 0);
    world.scheduler.runFor(TimeUnit.SECONDS.toNanos(1));
    assertThat(answer).isNotDone();
    assertThat(partition(0).targetLeader()).contains(1);
    handOver(second, 0, 1);

    assertThat(error(world.await(answer))).isEqualTo(Errors.NONE);
    assertThat(leader(0)).isEqualTo(1);
  }

  @Test
  void aLeaderThatTakesTooLongLeavesTheElectionOpen() {
    topic(List.of(List.of(1, 2)));
    handOver(world.metadata, 0, 2);

    ElectLeadersResponseData answer = world.await(elect(ElectionType.PREFERRED, "t", 0));

    assertThat(error(answer)).isEqualTo(Errors.REQUEST_TIMED_OUT);
    assertThat(partition(0).targetLeader()).contains(1);
  }

  @Test
  void nobodyWaitsForAnElectionLongerThanTheBrokerLives() {
    topic(List.of(List.of(1, 2)));
    handOver(world.metadata, 0, 2);
    CompletableFuture<ElectLeadersResponseData> answer = elect(ElectionType.PREFERRED, "t", 0);
    world.scheduler.runFor(TimeUnit.SECONDS.toNanos(1));

    world.await(second.submit(new IncarnationFenced(world.metadata.writer())));
    world.metadata.onNudge(second.image().entryNumber());
    world.scheduler.runFor(TimeUnit.SECONDS.toNanos(1));

    assertThat(answer).isCompletedExceptionally();
    assertThat(ApiErrors.of(answer.exceptionNow())).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER);
  }

  @Test
  void aBrokerThatStopsKeepsNobodyWaitingForAnElection() {
    topic(List.of(List.of(1, 2)));
    handOver(world.metadata, 0, 2);
    CompletableFuture<ElectLeadersResponseData> answer = elect(ElectionType.PREFERRED, "t", 0);
    world.scheduler.runFor(TimeUnit.SECONDS.toNanos(1));

    waits.close();

    assertThat(answer).isCompletedExceptionally();
    assertThat(elect(ElectionType.PREFERRED, "t", 0)).isCompletedExceptionally();
  }

  @Test
  void aPreferredLeaderThatLeadsNeedsNoElection() {
    topic(List.of(List.of(1, 2)));

    PartitionResult result = only(world.await(elect(ElectionType.PREFERRED, "t", 0)));

    assertThat(result.errorCode()).isEqualTo(Errors.ELECTION_NOT_NEEDED.code());
    assertThat(result.errorMessage()).isEqualTo(Errors.ELECTION_NOT_NEEDED.message());
  }

  @Test
  void allPartitionsMeansThoseThatNeedOne() {
    topic(List.of(List.of(1, 2), List.of(2, 1), List.of(3, 1)));
    handOver(third, 2, 1);

    CompletableFuture<ElectLeadersResponseData> answer = elect(ElectionType.PREFERRED, null);
    world.scheduler.runFor(TimeUnit.SECONDS.toNanos(1));
    handOver(world.metadata, 2, 3);

    PartitionResult result = only(world.await(answer));
    assertThat(result.partitionId()).isEqualTo(2);
    assertThat(result.errorCode()).isZero();
    assertThat(answer.join().replicaElectionResults().getFirst().partitionResult()).hasSize(1);
  }

  @Test
  void aPreferredLeaderThatIsGoneIsNotAvailable() {
    topic(List.of(List.of(3, 1)));
    world.commit(new IncarnationFenced(third.writer()));

    assertThat(error(world.await(elect(ElectionType.PREFERRED, "t", 0))))
        .isEqualTo(Errors.PREFERRED_LEADER_NOT_AVAILABLE);
  }

  @Test
  void anUncleanElectionIsForPartitionsWithoutALeader() {
    topic(List.of(List.of(1), List.of(3)));
    world.commit(new IncarnationFenced(third.writer()));

    assertThat(error(world.await(elect(ElectionType.UNCLEAN, "t", 0))))
        .isEqualTo(Errors.ELECTION_NOT_NEEDED);
    assertThat(error(world.await(elect(ElectionType.UNCLEAN, "t", 1))))
        .as("nobody has recovered it in time")
        .isEqualTo(Errors.ELIGIBLE_LEADERS_NOT_AVAILABLE);
  }

  @Test
  void whatDoesNotExistIsNamed() {
    topic(List.of(List.of(1)));

    assertThat(only(world.await(elect(ElectionType.PREFERRED, "nosuch", 0))).errorMessage())
        .isEqualTo("No such topic as nosuch");
    assertThat(only(world.await(elect(ElectionType.PREFERRED, "t", 7))).errorMessage())
        .isEqualTo("No such partition as t-7");
  }

  @Test
  void everyVersionOfAnElectionIsServed() {
    topic(List.of(List.of(1)));
    for (int version = 0; version <= 2; version++) {
      ElectLeadersRequestData request = new ElectLeadersRequestData().setTimeoutMs(TIMEOUT_MS);
      request.topicPartitions().add(new TopicPartitions().setTopic("t").setPartitions(List.of(0)));
      assertThat(error(world.call(elect, version, request, ElectLeadersResponseData.class)))
          .isEqualTo(Errors.ELECTION_NOT_NEEDED);
    }
  }

  private ReassignablePartitionResponse reassign(
      int version, String topic, int partition, @Nullable List<Integer> replicas) {
    AlterPartitionReassignmentsRequestData request = new AlterPartitionReassignmentsRequestData();
    request
        .topics()
        .add(
            new ReassignableTopic()
                .setName(topic)
                .setPartitions(
                    List.of(
                        new ReassignablePartition()
                            .setPartitionIndex(partition)
                            .setReplicas(replicas))));
    if (version == 1) {
      request.setAllowReplicationFactorChange(false);
    }
    return world
        .call(alter, version, request, AlterPartitionReassignmentsResponseData.class)
        .responses()
        .getFirst()
        .partitions()
        .getFirst();
  }

  private List<OngoingPartitionReassignment> ongoing(@Nullable Integer partition) {
    ListPartitionReassignmentsRequestData request =
        new ListPartitionReassignmentsRequestData().setTopics(null);
    if (partition != null) {
      request.setTopics(
          List.of(
              new ListPartitionReassignmentsTopics()
                  .setName("t")
                  .setPartitionIndexes(List.of(partition))));
    }
    return world
        .call(list, 0, request, ListPartitionReassignmentsResponseData.class)
        .topics()
        .stream()
        .flatMap(topic -> topic.partitions().stream())
        .toList();
  }

  @Test
  void newReplicasStandAtOnceAndAreOngoingUntilTheLeaderIsOneOfThem() {
    topic(List.of(List.of(1, 2), List.of(1)));

    assertThat(reassign(0, "t", 0, List.of(3, 2)).errorCode()).isZero();

    assertThat(partition(0).replicas()).containsExactly(3, 2);
    assertThat(partition(0).targetLeader()).contains(3);
    assertThat(ongoing(null))
        .containsExactly(
            new OngoingPartitionReassignment()
                .setPartitionIndex(0)
                .setReplicas(List.of(3, 2, 1))
                .setAddingReplicas(List.of(3))
                .setRemovingReplicas(List.of(1)));
    assertThat(ongoing(1)).isEmpty();
    handOver(world.metadata, 0, 3);
    assertThat(ongoing(0)).isEmpty();
  }

  @Test
  void aLeaderThatStaysAReplicaKeepsLeading() {
    topic(List.of(List.of(1, 2)));

    assertThat(reassign(0, "t", 0, List.of(3, 1)).errorCode()).isZero();

    assertThat(leader(0)).isEqualTo(1);
    assertThat(partition(0).targetLeader()).isEmpty();
    assertThat(ongoing(null)).isEmpty();
  }

  @Test
  void anElectionIsNoReassignment() {
    topic(List.of(List.of(1, 2)));

    world.commit(new TargetLeaderSet(new PartitionId(TOPIC, 0), 2));

    assertThat(ongoing(null)).isEmpty();
  }

  @Test
  void aCancellationGoesBackToTheReplicasOfBeforeInKafkasOrder() {
    topic(List.of(List.of(1, 2), List.of(1, 2)));
    reassign(0, "t", 0, List.of(3, 2));
    reassign(0, "t", 1, List.of(2, 3));

    assertThat(reassign(0, "t", 0, null).errorCode()).isZero();
    assertThat(reassign(0, "t", 1, null).errorCode()).isZero();

    assertThat(partition(0).replicas()).as("3, 2, 1 without 3").containsExactly(2, 1);
    assertThat(partition(1).replicas()).as("2, 3, 1 without 3").containsExactly(2, 1);
    assertThat(partition(0).targetLeader()).isEmpty();
    assertThat(leader(0)).isEqualTo(1);
    assertThat(ongoing(null)).isEmpty();
  }

  @Test
  void whatHasHappenedCannotBeCancelled() {
    topic(List.of(List.of(1, 2)));
    reassign(0, "t", 0, List.of(3, 2));
    handOver(world.metadata, 0, 3);

    assertThat(reassign(0, "t", 0, null).errorCode())
        .isEqualTo(Errors.NO_REASSIGNMENT_IN_PROGRESS.code());
    assertThat(partition(0).replicas()).containsExactly(3, 2);
  }

  @Test
  void thereIsNothingToCancel() {
    topic(List.of(List.of(1, 2)));

    assertThat(reassign(0, "t", 0, null).errorCode())
        .isEqualTo(Errors.NO_REASSIGNMENT_IN_PROGRESS.code());
  }

  @Test
  void assignmentsThatDoNotFitAreRefusedAsKafkaDoes() {
    topic(List.of(List.of(1, 2)));

    assertRefused(
        reassign(0, "nosuch", 0, List.of(1)),
        Errors.UNKNOWN_TOPIC_OR_PARTITION,
        "Unable to find a topic named nosuch.");
    assertRefused(
        reassign(0, "t", 4, List.of(1)),
        Errors.UNKNOWN_TOPIC_OR_PARTITION,
        "Unable to find partition t:4.");
    assertRefused(
        reassign(0, "t", 0, List.of(1, 9)),
        Errors.INVALID_REPLICA_ASSIGNMENT,
        "The manual partition assignment includes broker 9, but no such broker is registered.");
    assertRefused(
        reassign(0, "t", 0, List.of()),
        Errors.INVALID_REPLICA_ASSIGNMENT,
        "The manual partition assignment includes an empty replica list.");
    assertRefused(
        reassign(1, "t", 0, List.of(1, 2, 3)),
        Errors.INVALID_REPLICATION_FACTOR,
        "The replication factor is changed from 2 to 3");
    assertThat(partition(0).replicas()).containsExactly(1, 2);
    assertThat(reassign(0, "t", 0, List.of(1, 2, 3)).errorCode()).isZero();
  }

  private static void assertRefused(
      ReassignablePartitionResponse response, Errors error, String message) {
    assertThat(Errors.forCode(response.errorCode())).isEqualTo(error);
    assertThat(response.errorMessage()).isEqualTo(message);
  }
}
