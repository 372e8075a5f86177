package io.millrace.broker.handler;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.broker.cluster.BrokerLink;
import io.millrace.broker.cluster.BrokerLink.Outcome;
import io.millrace.broker.fetch.FetchSessions;
import io.millrace.broker.produce.PartitionProduce;
import io.millrace.broker.produce.TransactionAdmission;
import io.millrace.broker.transaction.LeaderCalls;
import io.millrace.runtime.simulated.SimulatedClock;
import io.millrace.storage.PartitionId;
import io.millrace.storage.log.PartitionLog;
import io.millrace.storage.log.Partitions;
import io.millrace.storage.metadata.MetadataRecord.TopicCreated;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.NotLeaderOrFollowerException;
import org.apache.kafka.common.message.DescribeProducersRequestData;
import org.apache.kafka.common.message.DescribeProducersResponseData;
import org.apache.kafka.common.message.DescribeProducersResponseData.PartitionResponse;
import org.apache.kafka.common.message.DescribeProducersResponseData.ProducerState;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchRequestData.FetchPartition;
import org.apache.kafka.common.message.FetchRequestData.FetchTopic;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.FetchResponseData.PartitionData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.ProduceResponseData.PartitionProduceResponse;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What broker 1 answers about a partition that broker 2 leads (KIP-951). */
class LedElsewhereTest {
  private static final Uuid TOPIC = new Uuid(99, 1);

  private final HandlerWorld world = new HandlerWorld(Map.of());
  private final SimulatedClock clock = new SimulatedClock(world.scheduler);
  private final Partitions none = new NoPartitions();
  private final ProduceHandler produce =
      new ProduceHandler(
          world.metadata::image,
          new PartitionProduce(none, world.topicConfigs, clock),
          new TransactionAdmission(none, new SimulatedVerifier()));
  private final FetchHandler fetch =
      new FetchHandler(
          world.metadata::image,
          none,
          new FetchSessions(10, clock, world.randomness),
          world.threads.eventLoop("fetch"),
          1 << 20,
          world.quotas);

  private static final class NoPartitions implements Partitions {
    @Override
    public CompletableFuture<PartitionLog> open(PartitionId id) {
      return CompletableFuture.failedFuture(new NotLeaderOrFollowerException("led elsewhere"));
    }

    @Override
    public @Nullable PartitionLog ifOpen(PartitionId id) {
      return null;
    }
  }

  @BeforeEach
  void aTopicOfTheSecondBroker() {
    var unused = world.start(2);
    world.commit(new TopicCreated(TOPIC, "t", List.of(List.of(2), List.of(2)), Map.of()));
  }

  @Test
  void aReplicaAsksTheLeaderWhoItsProducersAre() {
    List<String> asked = new ArrayList<>();
    PartitionResponse told =
        producersOf(
            0,
            (address, request, version, timeoutNs) -> {
              asked.add(address.host() + " " + request);
              return CompletableFuture.completedFuture(
                  new Outcome.Answered(
                      producersAnswer(
                          new PartitionResponse()
                              .setActiveProducers(List.of(new ProducerState().setProducerId(7))))));
            });

    assertThat(told.errorCode()).isZero();
    assertThat(told.activeProducers()).extracting(ProducerState::producerId).containsExactly(7L);
    assertThat(asked).hasSize(1);
    assertThat(asked.getFirst()).startsWith("broker2.example").contains("partitionIndexes=[0]");
  }

  @Test
  void whatTheLeaderRefusesAReplicaRefuses() {
    PartitionResponse told =
        producersOf(
            0,
            (address, request, version, timeoutNs) ->
                CompletableFuture.completedFuture(
                    new Outcome.Answered(
                        producersAnswer(
                            new PartitionResponse()
                                .setErrorCode(Errors.UNKNOWN_TOPIC_OR_PARTITION.code())))));

    assertThat(told.errorCode()).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION.code());
    assertThat(producersOf(0, BrokerLink.NONE).errorCode())
        .isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER.code());
  }

  @Test
  void aBrokerThatIsNoReplicaDoesNotAskForProducers() {
    PartitionResponse told =
        producersOf(
            1,
            (address, request, version, timeoutNs) -> {
              throw new AssertionError("asked " + address);
            });

    assertThat(told.errorCode()).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER.code());
  }

  /** Of a topic whose partition 0 has both brokers as replicas, and 1 the second one only. */
  private PartitionResponse producersOf(int partition, BrokerLink link) {
    if (world.metadata.image().topic("both") == null) {
      world.commit(
          new TopicCreated(new Uuid(99, 2), "both", List.of(List.of(2, 1), List.of(2)), Map.of()));
    }
    DescribeProducersRequestData request = new DescribeProducersRequestData();
    request
        .topics()
        .add(
            new DescribeProducersRequestData.TopicRequest()
                .setName("both")
                .setPartitionIndexes(List.of(partition)));
    return world
        .call(
            new DescribeProducersHandler(
                world.metadata, none, new LeaderCalls(world.metadata, link, "PLAINTEXT", clock)),
            0,
            request,
            DescribeProducersResponseData.class)
        .topics()
        .getFirst()
        .partitions()
        .getFirst();
  }

  private static DescribeProducersResponseData producersAnswer(PartitionResponse partition) {
    DescribeProducersResponseData answer = new DescribeProducersResponseData();
    answer
        .topics()
        .add(
            new DescribeProducersResponseData.TopicResponse()
                .setName("both")
                .setPartitions(List.of(partition)));
    return answer;
  }

  private ProduceResponseData produce(int version, String listener) {
    TopicProduceData topic = new TopicProduceData();
    if (version >= 13) {
      topic.setTopicId(TOPIC);
    } else {
      topic.setName("t");
    }
    for (int p = 0; p < 2; p++) {
      ByteBuffer batch = EngineWorld.batch(1);
      topic
          .partitionData()
          .add(
              new PartitionProduceData()
                  .setIndex(p)
                  .setRecords(MemoryRecords.readableRecords(batch)));
    }
    ProduceRequestData request =
        new ProduceRequestData().setAcks((short) -1).setTimeoutMs(1000).setTransactionalId(null);
    request.topicData().add(topic);
    return world.call(produce, version, listener, request, ProduceResponseData.class);
  }

  private static PartitionProduceResponse first(ProduceResponseData response) {
    return response.responses().iterator().next().partitionResponses().getFirst();
  }

  @Test
  void aProducerIsToldTheLeaderAndItsAddressOnItsListener() {
    ProduceResponseData answer = produce(13, HandlerWorld.INTERNAL_LISTENER);

    assertThat(first(answer).errorCode()).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER.code());
    assertThat(first(answer).currentLeader().leaderId()).isEqualTo(2);
    assertThat(first(answer).currentLeader().leaderEpoch()).isZero();
    assertThat(answer.nodeEndpoints()).hasSize(1);
    assertThat(answer.nodeEndpoints().find(2).host()).isEqualTo("10.0.0.2");
    assertThat(answer.nodeEndpoints().find(2).rack()).isEqualTo("rack2");
  }

  @Test
  void anOlderProducerHasToAsk() {
    ProduceResponseData answer = produce(9, "PLAINTEXT");

    assertThat(first(answer).errorCode()).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER.code());
    assertThat(answer.nodeEndpoints()).isEmpty();
  }

  private FetchResponseData fetch(int version) {
    return world.call(
        fetch,
        version,
        new FetchRequestData()
            .setMaxBytes(1 << 20)
            .setSessionEpoch(-1)
            .setTopics(
                List.of(
                    new FetchTopic()
                        .setTopicId(TOPIC)
                        .setPartitions(
                            List.of(
                                new FetchPartition()
                                    .setPartition(1)
                                    .setPartitionMaxBytes(1 << 20))))),
        FetchResponseData.class);
  }

  @Test
  void aConsumerIsToldTheLeaderAndItsAddress() {
    FetchResponseData answer = fetch(17);
    PartitionData partition = answer.responses().getFirst().partitions().getFirst();

    assertThat(partition.errorCode()).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER.code());
    assertThat(partition.currentLeader().leaderId()).isEqualTo(2);
    assertThat(answer.nodeEndpoints().find(2).port()).isEqualTo(9092);
  }

  @Test
  void anOlderConsumerHasToAsk() {
    FetchResponseData answer = fetch(15);

    assertThat(answer.responses().getFirst().partitions().getFirst().errorCode())
        .isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER.code());
    assertThat(answer.nodeEndpoints()).isEmpty();
  }
}
