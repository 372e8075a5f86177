package io.millrace.broker.handler;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.runtime.simulated.SimulatedClock;
import io.millrace.storage.WriterId;
import io.millrace.storage.cluster.Heard;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataRecord.IncarnationFenced;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.message.DescribeClusterRequestData;
import org.apache.kafka.common.message.DescribeClusterResponseData;
import org.apache.kafka.common.message.DescribeQuorumRequestData;
import org.apache.kafka.common.message.DescribeQuorumResponseData;
import org.apache.kafka.common.message.DescribeQuorumResponseData.PartitionData;
import org.apache.kafka.common.message.DescribeUserScramCredentialsRequestData;
import org.apache.kafka.common.message.DescribeUserScramCredentialsRequestData.UserName;
import org.apache.kafka.common.message.DescribeUserScramCredentialsResponseData;
import org.apache.kafka.common.message.UnregisterBrokerRequestData;
import org.apache.kafka.common.message.UnregisterBrokerResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ClusterAdministrationTest {
  private final HandlerWorld world = new HandlerWorld(Map.of("node.id", "1"));
  private final Map<WriterId, Heard> heard = new TreeMap<>();

  @Test
  void aBrokerThatIsGoneIsUnregisteredAndNoLongerToldOf() {
    MetadataLog second = world.start(2);
    assertThat(unregister(2))
        .isEqualTo("INVALID_REQUEST Broker ID 2 is alive; stop it before it is unregistered.");
    world.commit(new IncarnationFenced(second.writer()));
    assertThat(brokersWithFenced()).isEqualTo(2);

    assertThat(unregister(2)).startsWith("NONE");

    assertThat(brokersWithFenced()).isEqualTo(1);
    assertThat(unregister(2))
        .isEqualTo("BROKER_ID_NOT_REGISTERED Broker ID 2 is not currently registered");
    assertThat(unregister(7))
        .isEqualTo("BROKER_ID_NOT_REGISTERED Broker ID 7 is not currently registered");
  }

  private String unregister(int id) {
    UnregisterBrokerResponseData response =
        world.call(
            new UnregisterBrokerHandler(world.metadata),
            0,
            new UnregisterBrokerRequestData().setBrokerId(id),
            UnregisterBrokerResponseData.class);
    return Errors.forCode(response.errorCode()) + " " + response.errorMessage();
  }

  private int brokersWithFenced() {
    return world
        .call(
            new DescribeClusterHandler(world.metadata),
            2,
            new DescribeClusterRequestData().setIncludeFencedBrokers(true),
            DescribeClusterResponseData.class)
        .brokers()
        .size();
  }

  @Test
  void theScribeIsShownAsTheQuorumsLeaderAndTheOthersAsObservers() {
    MetadataLog second = world.start(2);
    world.start(3);
    heard.put(second.writer(), new Heard(2, TimeUnit.SECONDS.toNanos(3)));
    long end = world.metadata.image().entryNumber() + 1;

    DescribeQuorumResponseData quorum = quorum("__cluster_metadata");
    PartitionData partition = quorum.topics().getFirst().partitions().getFirst();

    assertThat(partition.leaderId()).isEqualTo(1);
    assertThat(partition.highWatermark()).isEqualTo(end);
    assertThat(partition.currentVoters())
        .extracting(v -> v.replicaId() + " " + v.logEndOffset())
        .containsExactly("1 " + end);
    assertThat(partition.observers())
        .extracting(v -> v.replicaId() + " " + v.logEndOffset())
        .containsExactly("2 3", "3 -1");
    assertThat(partition.observers().getFirst().replicaDirectoryId().getMostSignificantBits())
        .isEqualTo(second.writer().high());
    assertThat(quorum.nodes().find(2).listeners().find("PLAINTEXT").host())
        .isEqualTo("broker2.example");
  }

  @Test
  void ofOtherTopicsThereIsNoQuorum() {
    assertThat(quorum("alpha").topics().getFirst().partitions().getFirst().errorCode())
        .isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION.code());
  }

  private DescribeQuorumResponseData quorum(String topic) {
    DescribeQuorumRequestData request = new DescribeQuorumRequestData();
    request
        .topics()
        .add(
            new DescribeQuorumRequestData.TopicData()
                .setTopicName(topic)
                .setPartitions(List.of(new DescribeQuorumRequestData.PartitionData())));
    return world.call(
        new DescribeQuorumHandler(
            world.metadata,
            () -> CompletableFuture.completedFuture(heard),
            new SimulatedClock(world.scheduler)),
        2,
        request,
        DescribeQuorumResponseData.class);
  }

  @Test
  void nobodyHasScramCredentials() {
    assertThat(credentials(null)).isEmpty();
    assertThat(credentials(List.of("alice")))
        .containsExactly(
            "alice RESOURCE_NOT_FOUND Attempt to describe a user credential that does not exist: alice");
    assertThat(credentials(List.of("alice", "alice")))
        .hasSize(1)
        .first()
        .asString()
        .startsWith("alice DUPLICATE_RESOURCE");
  }

  private List<String> credentials(@Nullable List<String> users) {
    return world
        .call(
            new DescribeUserScramCredentialsHandler(),
            0,
            new DescribeUserScramCredentialsRequestData()
                .setUsers(
                    users == null
                        ? null
                        : users.stream().map(name -> new UserName().setName(name)).toList()),
            DescribeUserScramCredentialsResponseData.class)
        .results()
        .stream()
        .map(r -> r.user() + " " + Errors.forCode(r.errorCode()) + " " + r.errorMessage())
        .toList();
  }
}
