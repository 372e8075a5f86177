package io.millrace.broker.transaction;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.broker.handler.HandlerWorld;
import io.millrace.broker.transaction.SimulatedBrokers.Asked;
import io.millrace.coordinator.transaction.MarkerOutcome;
import io.millrace.coordinator.transaction.TransactionEnd;
import io.millrace.runtime.simulated.SimulatedClock;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataRecord;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.message.WriteTxnMarkersRequestData;
import org.apache.kafka.common.message.WriteTxnMarkersRequestData.WritableTxnMarker;
import org.apache.kafka.common.message.WriteTxnMarkersResponseData;
import org.apache.kafka.common.message.WriteTxnMarkersResponseData.WritableTxnMarkerPartitionResult;
import org.apache.kafka.common.message.WriteTxnMarkersResponseData.WritableTxnMarkerResult;
import org.apache.kafka.common.message.WriteTxnMarkersResponseData.WritableTxnMarkerTopicResult;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.Test;

/** Broker 1 coordinates and leads "own"; broker 2 leads "other". */
class MarkerChannelsTest {
  private static final TopicPartition OWN = new TopicPartition("own", 0);
  private static final TopicPartition OTHER = new TopicPartition("other", 0);

  private final HandlerWorld world = new HandlerWorld(Map.of("node.id", "1"));
  private final MetadataLog second = world.start(2);
  private final SimulatedBrokers<WriteTxnMarkersRequestData> brokers =
      new SimulatedBrokers<>(ApiKeys.WRITE_TXN_MARKERS, WriteTxnMarkersRequestData.class);
  private final MarkerChannels channels =
      new MarkerChannels(
          world.threads.eventLoop("markers"),
          world.metadata,
          new LeaderCalls(
              world.metadata, brokers, "PLAINTEXT", new SimulatedClock(world.scheduler)),
          brokers);

  MarkerChannelsTest() {
    world.createTopic("__transaction_state", 1);
    world.createTopic("own", 1);
    world.createTopic("other", 2);
  }

  private CompletableFuture<MarkerOutcome> write(long producerId, TopicPartition... partitions) {
    CompletableFuture<MarkerOutcome> outcome =
        channels.write(
            new TransactionEnd(
                "id" + producerId,
                0,
                producerId,
                (short) 4,
                true,
                (short) 2,
                new LinkedHashSet<>(List.of(partitions))));
    pass(5);
    return outcome;
  }

  private void pass(long ms) {
    world.scheduler.runFor(TimeUnit.MILLISECONDS.toNanos(ms));
    assertThat(world.scheduler.failures()).isEmpty();
  }

  private void answer(Asked<WriteTxnMarkersRequestData> asked, Errors error) {
    WriteTxnMarkersResponseData response = new WriteTxnMarkersResponseData();
    for (WritableTxnMarker marker : asked.request().markers()) {
      WritableTxnMarkerResult result =
          new WritableTxnMarkerResult().setProducerId(marker.producerId());
      marker
          .topics()
          .forEach(topic ->
              result
                  .topics()
                  .add(
                      new WritableTxnMarkerTopicResult()
                          .setName(topic.name())
                          .setPartitions(
                              topic.partitionIndexes().stream()
                                  .map(p ->
                                      new WritableTxnMarkerPartitionResult()
                                          .setPartitionIndex(p)
                                          .setErrorCode(error.code()))
                                  .toList())));
      response.markers().add(result);
    }
    asked.answer(response);
    pass(5);
  }

  @Test
  void eachLeaderIsSentTheMarkersOfItsPartitions() {
    CompletableFuture<MarkerOutcome> outcome = write(7, OWN, OTHER);

    assertThat(brokers.own).hasSize(1);
    assertThat(brokers.others).hasSize(1);
    assertThat(brokers.others.getFirst().host()).isEqualTo("broker2.example");
    WritableTxnMarker marker = brokers.others.getFirst().request().markers().getFirst();
    assertThat(marker.producerId()).isEqualTo(7);
    assertThat(marker.producerEpoch()).isEqualTo((short) 4);
    assertThat(marker.transactionResult()).isTrue();
    assertThat(marker.coordinatorEpoch()).isZero();
    assertThat(marker.transactionVersion()).isEqualTo((byte) 2);
    answer(brokers.own.getFirst(), Errors.NONE);
    assertThat(outcome).isNotDone();
    answer(brokers.others.getFirst(), Errors.NONE);
    assertThat(outcome).isCompletedWithValue(MarkerOutcome.WRITTEN);
  }

  @Test
  void whatComesWhileARequestIsOutGoesTogether() {
    write(7, OTHER);
    CompletableFuture<MarkerOutcome> second = write(8, OTHER);
    CompletableFuture<MarkerOutcome> third = write(9, OTHER);
    assertThat(brokers.others).hasSize(1);

    answer(brokers.others.getFirst(), Errors.NONE);

    assertThat(brokers.others).hasSize(2);
    assertThat(brokers.others.getLast().request().markers())
        .extracting(WritableTxnMarker::producerId)
        .containsExactly(8L, 9L);
    answer(brokers.others.getLast(), Errors.NONE);
    assertThat(second).isDone();
    assertThat(third).isDone();
  }

  @Test
  void aSilentLeaderIsAskedAgain() {
    CompletableFuture<MarkerOutcome> outcome = write(7, OTHER);

    for (int i = 0; i < 5; i++) {
      brokers.others.getLast().staySilent();
      pass(2_000);
      assertThat(brokers.others).hasSize(i + 2);
    }
    answer(brokers.others.getLast(), Errors.NONE);

    assertThat(outcome).isCompletedWithValue(MarkerOutcome.WRITTEN);
  }

  @Test
  void whatMayYetSucceedIsTriedAgain() {
    CompletableFuture<MarkerOutcome> outcome = write(7, OTHER);

    for (Errors error :
        List.of(
            Errors.NOT_LEADER_OR_FOLLOWER,
            Errors.UNKNOWN_TOPIC_OR_PARTITION,
            Errors.KAFKA_STORAGE_ERROR,
            Errors.UNKNOWN_SERVER_ERROR)) {
      answer(brokers.others.getLast(), error);
      assertThat(outcome).isNotDone();
      pass(2_000);
    }

    assertThat(brokers.others).hasSize(5);
  }

  @Test
  void aHigherEpochAtThePartitionMeansThatTheTransactionHasEndedThere() {
    CompletableFuture<MarkerOutcome> outcome = write(7, OTHER);

    answer(brokers.others.getFirst(), Errors.INVALID_PRODUCER_EPOCH);

    assertThat(outcome).isCompletedWithValue(MarkerOutcome.WRITTEN);
  }

  @Test
  void aDeletedTopicHoldsNothingUp() {
    CompletableFuture<MarkerOutcome> outcome = write(7, OTHER);
    var topic = Objects.requireNonNull(world.metadata.image().topic("other"));
    world.commit(new MetadataRecord.TopicDeleted(topic.id()));

    answer(brokers.others.getFirst(), Errors.UNKNOWN_TOPIC_OR_PARTITION);
    pass(2_000);

    assertThat(outcome).isCompletedWithValue(MarkerOutcome.WRITTEN);
    assertThat(write(8, OTHER)).isCompletedWithValue(MarkerOutcome.WRITTEN);
    assertThat(brokers.others).hasSize(1);
  }

  @Test
  void aCoordinatorThatWasFencedGivesUp() {
    CompletableFuture<MarkerOutcome> outcome = write(7, OTHER, OWN);

    answer(brokers.others.getFirst(), Errors.TRANSACTION_COORDINATOR_FENCED);

    assertThat(outcome).isCompletedWithValue(MarkerOutcome.GIVEN_UP);
  }

  @Test
  void markersOfAnEarlierLeaderEpochAreNotSentAgain() {
    CompletableFuture<MarkerOutcome> outcome = write(7, OTHER);
    world.commit(
        new MetadataRecord.TopicDeleted(
            Objects.requireNonNull(world.metadata.image().topic("__transaction_state")).id()));

    brokers.others.getFirst().staySilent();
    pass(2_000);

    assertThat(outcome).isCompletedWithValue(MarkerOutcome.GIVEN_UP);
    assertThat(second.writer()).isNotEqualTo(world.metadata.writer());
  }
}
