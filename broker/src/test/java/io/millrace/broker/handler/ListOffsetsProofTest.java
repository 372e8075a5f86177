package io.millrace.broker.handler;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.errors.NotLeaderOrFollowerException;
import org.apache.kafka.common.message.ListOffsetsRequestData;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsPartition;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsTopic;
import org.apache.kafka.common.message.ListOffsetsResponseData;
import org.apache.kafka.common.message.ListOffsetsResponseData.ListOffsetsPartitionResponse;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.ListOffsetsRequest;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A broker that leads no more does not say where a partition ends (invariant I12). */
class ListOffsetsProofTest {
  private static final int VERSION = 7;

  private final EngineWorld world = new EngineWorld();
  private final CompletableFuture<Void> proof = new CompletableFuture<>();
  private final ListOffsetsHandler handler =
      new ListOffsetsHandler(world.engine.metadata()::image, new HeldProofs(world.engine, proof));

  @BeforeEach
  void aTopic() {
    var unused = world.createTopic("t", 1, Map.of());
  }

  private CompletableFuture<? extends ApiMessage> ask(long timestamp) {
    ListOffsetsTopic topic =
        new ListOffsetsTopic()
            .setName("t")
            .setPartitions(
                List.of(new ListOffsetsPartition().setPartitionIndex(0).setTimestamp(timestamp)));
    return world.ask(
        handler, VERSION, new ListOffsetsRequestData().setTopics(List.of(topic)).setReplicaId(-1));
  }

  private static ListOffsetsPartitionResponse only(ApiMessage answer) {
    return ((ListOffsetsResponseData) answer).topics().getFirst().partitions().getFirst();
  }

  @ParameterizedTest
  @ValueSource(
      longs = {ListOffsetsRequest.LATEST_TIMESTAMP, ListOffsetsRequest.MAX_TIMESTAMP, 1000})
  void whatMayHaveGrownElsewhereWaitsForAProof(long timestamp) {
    CompletableFuture<? extends ApiMessage> answer = ask(timestamp);
    world.pass(10_000);
    assertThat(answer).isNotDone();

    proof.complete(null);

    assertThat(only(world.await(answer)).errorCode()).isZero();
  }

  @Test
  void withoutAProofThereIsNoOffset() {
    CompletableFuture<? extends ApiMessage> answer = ask(ListOffsetsRequest.LATEST_TIMESTAMP);

    proof.completeExceptionally(new NotLeaderOrFollowerException("fenced"));

    ListOffsetsPartitionResponse refused = only(world.await(answer));
    assertThat(refused.errorCode()).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER.code());
    assertThat(refused.offset()).isEqualTo(-1);
  }

  @Test
  void whereThePartitionBeginsNeedsNone() {
    assertThat(only(world.await(ask(ListOffsetsRequest.EARLIEST_TIMESTAMP))).offset()).isZero();
  }
}
