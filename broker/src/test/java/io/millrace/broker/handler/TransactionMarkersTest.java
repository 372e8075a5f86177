package io.millrace.broker.handler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.millrace.broker.cluster.BrokerLink;
import io.millrace.broker.transaction.LeaderCalls;
import io.millrace.storage.PartitionId;
import io.millrace.storage.log.PartitionLog;
import io.millrace.storage.log.PartitionLog.Origin;
import io.millrace.storage.log.VerificationGuard;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.NotCoordinatorException;
import org.apache.kafka.common.message.DescribeProducersRequestData;
import org.apache.kafka.common.message.DescribeProducersRequestData.TopicRequest;
import org.apache.kafka.common.message.DescribeProducersResponseData;
import org.apache.kafka.common.message.DescribeProducersResponseData.PartitionResponse;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchRequestData.FetchPartition;
import org.apache.kafka.common.message.FetchRequestData.FetchTopic;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.FetchResponseData.AbortedTransaction;
import org.apache.kafka.common.message.FetchResponseData.PartitionData;
import org.apache.kafka.common.message.ListOffsetsRequestData;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsPartition;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsTopic;
import org.apache.kafka.common.message.ListOffsetsResponseData;
import org.apache.kafka.common.message.WriteTxnMarkersRequestData;
import org.apache.kafka.common.message.WriteTxnMarkersRequestData.WritableTxnMarker;
import org.apache.kafka.common.message.WriteTxnMarkersRequestData.WritableTxnMarkerTopic;
import org.apache.kafka.common.message.WriteTxnMarkersResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.ListOffsetsRequest;
import org.junit.jupiter.api.Test;

/** Markers at the leader, and what readers and operators see of transactions. */
class TransactionMarkersTest {
  private static final String OFFSETS = "__consumer_offsets";

  private final EngineWorld world = new EngineWorld();
  private final Uuid topic = world.createTopic("alpha", 2, Map.of());
  private final List<String> completed = new ArrayList<>();
  private CompletableFuture<Void> completion = CompletableFuture.completedFuture(null);
  private final WriteTxnMarkersHandler markers =
      new WriteTxnMarkersHandler(
          world.engine.metadata()::image,
          world.engine,
          (id, producer, committed) -> {
            completed.add("%d: producer %d, %s".formatted(id.partition(), producer, committed));
            return completion;
          });
  private final DescribeProducersHandler producers =
      new DescribeProducersHandler(
          world.engine.metadata(),
          world.engine,
          new LeaderCalls(
              world.engine.metadata(), BrokerLink.NONE, "PLAINTEXT", world.environment.clock()));

  @Test
  void aMarkerIsAnsweredWhenItIsDurable() {
    begin(topic, 0, 5, 0);
    CompletableFuture<WriteTxnMarkersResponseData> answer = write(marker(5, 1, true, "alpha", 0));
    assertThat(answer).isNotDone();

    assertThat(told(world.await(answer))).containsExactly("5 alpha-0: NONE");
    assertThat(log(topic, 0).lastStableOffset()).isEqualTo(2);
  }

  @Test
  void eachPartitionIsAnsweredForItself() {
    begin(topic, 0, 5, 3);

    WriteTxnMarkersResponseData answer =
        world.await(
            write(
                marker(5, 1, true, "alpha", 0, 1, 9),
                marker(6, 0, false, "gone", 0),
                marker(7, 0, false, "alpha", 0)));

    assertThat(told(answer))
        .containsExactly(
            "5 alpha-0: INVALID_PRODUCER_EPOCH",
            "5 alpha-1: NONE",
            "5 alpha-9: UNKNOWN_TOPIC_OR_PARTITION",
            "6 gone-0: UNKNOWN_TOPIC_OR_PARTITION",
            "7 alpha-0: NONE");
    assertThat(completed).isEmpty();
  }

  @Test
  void aRepeatedMarkerIsTakenUntilTheNextTransactionBegins() {
    begin(topic, 0, 5, 0);
    world.await(write(marker(5, 1, true, "alpha", 0)));
    assertThat(told(world.await(write(marker(5, 1, true, "alpha", 0)))))
        .containsExactly("5 alpha-0: NONE");
    begin(topic, 0, 5, 1);

    assertThat(told(world.await(write(marker(5, 1, true, "alpha", 0)))))
        .containsExactly("5 alpha-0: INVALID_PRODUCER_EPOCH");
  }

  @Test
  void aMarkerOfAFormerCoordinatorIsRefused() {
    world.await(write(marker(5, 1, true, "alpha", 0)));
    WritableTxnMarker old = marker(5, 2, true, "alpha", 0).setCoordinatorEpoch(2);

    assertThat(told(world.await(write(old))))
        .containsExactly("5 alpha-0: TRANSACTION_COORDINATOR_FENCED");
  }

  @Test
  void inTheOffsetsTopicTheAnswerWaitsForTheOffsets() {
    Uuid offsets = world.createTopic(OFFSETS, 1, Map.of());
    begin(offsets, 0, 5, 0);
    completion = new CompletableFuture<>();

    CompletableFuture<WriteTxnMarkersResponseData> answer = write(marker(5, 1, true, OFFSETS, 0));
    world.pass(1000);
    assertThat(completed).containsExactly("0: producer 5, true");
    assertThat(log(offsets, 0).lastStableOffset()).isEqualTo(2);
    assertThat(answer).isNotDone();

    completion.complete(null);
    assertThat(told(world.await(answer))).containsExactly("5 " + OFFSETS + "-0: NONE");
  }

  @Test
  void whereTheGroupsHaveMovedTheMarkerIsSentAgain() {
    world.createTopic(OFFSETS, 1, Map.of());
    completion = CompletableFuture.failedFuture(new NotCoordinatorException("moved"));

    assertThat(told(world.await(write(marker(5, 1, false, OFFSETS, 0)))))
        .containsExactly("5 " + OFFSETS + "-0: NOT_COORDINATOR");
  }

  @Test
  void aReaderOfCommittedRecordsIsWokenByTheMarker() {
    begin(topic, 0, 5, 0);
    CompletableFuture<FetchResponseData> waiting = fetch(0, IsolationLevel.READ_COMMITTED, 30_000);
    world.pass(1000);
    assertThat(waiting).isNotDone();
    assertThat(part(world.await(fetch(0, IsolationLevel.READ_UNCOMMITTED, 30_000))))
        .satisfies(data -> assertThat(data.records().sizeInBytes()).isPositive())
        .satisfies(data -> assertThat(data.abortedTransactions()).isNull());

    world.await(write(marker(5, 1, false, "alpha", 0)));

    PartitionData data = part(world.await(waiting));
    assertThat(data.highWatermark()).isEqualTo(2);
    assertThat(data.lastStableOffset()).isEqualTo(2);
    assertThat(data.abortedTransactions())
        .containsExactly(new AbortedTransaction().setProducerId(5).setFirstOffset(0));
  }

  @Test
  void theEndOfCommittedRecordsIsBeforeTheOldestOpenTransaction() {
    world.await(log(topic, 0).append(EngineWorld.batch(2), -1, Origin.CLIENT));
    begin(topic, 0, 5, 0);
    begin(topic, 0, 6, 0);
    assertThat(end(IsolationLevel.READ_COMMITTED)).isEqualTo(2);
    assertThat(end(IsolationLevel.READ_UNCOMMITTED)).isEqualTo(4);

    world.await(write(marker(5, 1, true, "alpha", 0)));
    assertThat(end(IsolationLevel.READ_COMMITTED)).isEqualTo(3);

    world.await(write(marker(6, 1, true, "alpha", 0)));
    assertThat(end(IsolationLevel.READ_COMMITTED)).isEqualTo(6);
  }

  @Test
  void operatorsSeeWhatProducersHaveOpen() {
    begin(topic, 0, 5, 2);
    begin(topic, 0, 6, 0);
    world.await(write(marker(6, 1, true, "alpha", 0)));

    DescribeProducersRequestData request = new DescribeProducersRequestData();
    request.topics().add(new TopicRequest().setName("alpha").setPartitionIndexes(List.of(0, 9)));
    DescribeProducersResponseData answer =
        world.await(producers.handle(HandlerWorld.context(0), request));

    List<PartitionResponse> parts = answer.topics().getFirst().partitions();
    assertThat(parts.getFirst().activeProducers())
        .extracting(
            p -> p.producerId(),
            p -> p.producerEpoch(),
            p -> p.lastSequence(),
            p -> p.coordinatorEpoch(),
            p -> p.currentTxnStartOffset())
        .containsExactly(tuple(5L, 2, 0, -1, 0L), tuple(6L, 1, -1, 3, -1L));
    assertThat(parts.getLast().errorCode()).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION.code());
  }

  private void begin(Uuid in, int partition, long producerId, int epoch) {
    PartitionLog log = log(in, partition);
    VerificationGuard guard = log.beginVerification(producerId, (short) epoch, 0, true);
    world.await(
        log.append(EngineWorld.transactional(producerId, epoch, 0, 1), -1, Origin.CLIENT, guard));
  }

  private PartitionLog log(Uuid in, int partition) {
    return world.await(world.engine.open(new PartitionId(in, partition)));
  }

  private CompletableFuture<WriteTxnMarkersResponseData> write(WritableTxnMarker... all) {
    return markers.handle(
        HandlerWorld.context(2), new WriteTxnMarkersRequestData().setMarkers(List.of(all)));
  }

  private static WritableTxnMarker marker(
      long producerId, int epoch, boolean committed, String name, Integer... indexes) {
    return new WritableTxnMarker()
        .setProducerId(producerId)
        .setProducerEpoch((short) epoch)
        .setTransactionResult(committed)
        .setCoordinatorEpoch(3)
        .setTransactionVersion((byte) 2)
        .setTopics(
            List.of(
                new WritableTxnMarkerTopic().setName(name).setPartitionIndexes(List.of(indexes))));
  }

  private CompletableFuture<FetchResponseData> fetch(
      int partition, IsolationLevel isolation, int waitMs) {
    FetchRequestData request =
        new FetchRequestData()
            .setMaxBytes(1 << 20)
            .setMinBytes(1)
            .setMaxWaitMs(waitMs)
            .setSessionEpoch(-1)
            .setIsolationLevel(isolation.id());
    request
        .topics()
        .add(
            new FetchTopic()
                .setTopicId(topic)
                .setPartitions(
                    List.of(
                        new FetchPartition()
                            .setPartition(partition)
                            .setPartitionMaxBytes(1 << 20))));
    return world.fetch.handle(HandlerWorld.context(13), request);
  }

  private static PartitionData part(FetchResponseData answer) {
    return answer.responses().getFirst().partitions().getFirst();
  }

  private long end(IsolationLevel isolation) {
    ListOffsetsRequestData request =
        new ListOffsetsRequestData()
            .setReplicaId(-1)
            .setIsolationLevel(isolation.id())
            .setTopics(
                List.of(
                    new ListOffsetsTopic()
                        .setName("alpha")
                        .setPartitions(
                            List.of(
                                new ListOffsetsPartition()
                                    .setPartitionIndex(0)
                                    .setTimestamp(ListOffsetsRequest.LATEST_TIMESTAMP)))));
    ListOffsetsResponseData answer =
        world.await(world.listOffsets.handle(HandlerWorld.context(9), request));
    return answer.topics().getFirst().partitions().getFirst().offset();
  }

  private static List<String> told(WriteTxnMarkersResponseData answer) {
    List<String> lines = new ArrayList<>();
    answer
        .markers()
        .forEach(marker ->
            marker
                .topics()
                .forEach(each ->
                    each.partitions()
                        .forEach(p ->
                            lines.add(
                                "%d %s-%d: %s"
                                    .formatted(
                                        marker.producerId(),
                                        each.name(),
                                        p.partitionIndex(),
                                        Errors.forCode(p.errorCode()))))));
    return lines;
  }
}
