package io.millrace.broker.handler;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.errors.NotLeaderOrFollowerException;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData.OffsetForLeaderPartition;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData.OffsetForLeaderTopic;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData.OffsetForLeaderTopicCollection;
import org.apache.kafka.common.message.OffsetForLeaderEpochResponseData;
import org.apache.kafka.common.message.OffsetForLeaderEpochResponseData.EpochEndOffset;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A broker that leads no more does not say where the epoch it led ends (invariant I12). */
class EpochEndProofTest {
  private static final int VERSION = 4;

  private final EngineWorld world = new EngineWorld();
  private final CompletableFuture<Void> proof = new CompletableFuture<>();
  private final OffsetForLeaderEpochHandler handler =
      new OffsetForLeaderEpochHandler(
          world.engine.metadata()::image, new HeldProofs(world.engine, proof));

  @BeforeEach
  void aTopic() {
    var unused = world.createTopic("t", 1, Map.of());
  }

  @Test
  void theEndOfTheEpochThatLeadsWaitsForAProof() {
    CompletableFuture<? extends ApiMessage> answer = ask();
    world.pass(10_000);
    assertThat(answer).isNotDone();

    proof.complete(null);

    EpochEndOffset told = only(world.await(answer));
    assertThat(told.errorCode()).isZero();
    assertThat(told.endOffset()).isZero();
  }

  @Test
  void withoutAProofNoEndIsTold() {
    CompletableFuture<? extends ApiMessage> answer = ask();

    proof.completeExceptionally(new NotLeaderOrFollowerException("fenced"));

    EpochEndOffset refused = only(world.await(answer));
    assertThat(refused.errorCode()).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER.code());
    assertThat(refused.endOffset()).isEqualTo(-1);
  }

  private CompletableFuture<? extends ApiMessage> ask() {
    OffsetForLeaderTopicCollection topics = new OffsetForLeaderTopicCollection();
    topics.add(
        new OffsetForLeaderTopic()
            .setTopic("t")
            .setPartitions(
                List.of(
                    new OffsetForLeaderPartition()
                        .setPartition(0)
                        .setCurrentLeaderEpoch(-1)
                        .setLeaderEpoch(0))));
    return world.ask(
        handler, VERSION, new OffsetForLeaderEpochRequestData().setReplicaId(-1).setTopics(topics));
  }

  private static EpochEndOffset only(ApiMessage answer) {
    return ((OffsetForLeaderEpochResponseData) answer).topics().find("t").partitions().getFirst();
  }
}
