package io.millrace.broker.handler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.storage.PartitionId;
import io.millrace.storage.log.PartitionLog;
import io.millrace.storage.log.TransactionMarker;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.InvalidPidMappingException;
import org.apache.kafka.common.errors.TransactionalIdAuthorizationException;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class TransactionalProduceTest {
  private static final int NEWEST = 13;

  private final EngineWorld world = new EngineWorld();
  private final Uuid topic = world.createTopic("alpha", 2, Map.of());

  @Test
  void aTransactionalBatchNeedsATransactionalId() {
    assertThatThrownBy(() -> send(NEWEST, null, part(0, batch(0, 0))))
        .hasCauseInstanceOf(TransactionalIdAuthorizationException.class);
  }

  @Test
  void theFirstBatchAddsItsPartitionsToTheTransaction() {
    assertThat(send(NEWEST, "tx", part(0, batch(0, 0)), part(1, batch(0, 0))))
        .containsExactly("0: NONE at 0", "1: NONE at 0");
    assertThat(send(NEWEST, "tx", part(0, batch(0, 1)))).containsExactly("0: NONE at 1");

    assertThat(world.transactions.questions)
        .containsExactly("add [alpha-0, alpha-1] of tx, producer 5 at epoch 0");
  }

  @Test
  void anOlderClientHasAddedThemItself() {
    assertThat(sendByName(11, part(0, batch(0, 0)))).containsExactly("0: NONE at 0");

    assertThat(world.transactions.questions)
        .containsExactly("verify [alpha-0] of tx, producer 5 at epoch 0");
  }

  @Test
  void whatTheCoordinatorDoesNotKnowIsNotWritten() {
    world.transactions.answer(Errors.INVALID_TXN_STATE);

    assertThat(send(NEWEST, "tx", part(0, batch(0, 0))))
        .containsExactly("0: INVALID_TXN_STATE at -1");
    assertThat(log(0).highWatermark()).isZero();
  }

  @Test
  void whatTheCoordinatorCannotSayYetIsSentAgain() {
    for (Errors error :
        List.of(
            Errors.CONCURRENT_TRANSACTIONS,
            Errors.NETWORK_EXCEPTION,
            Errors.COORDINATOR_LOAD_IN_PROGRESS,
            Errors.COORDINATOR_NOT_AVAILABLE,
            Errors.NOT_COORDINATOR)) {
      world.transactions.answer(error);
      assertThat(send(NEWEST, "tx", part(0, batch(0, 0))))
          .containsExactly("0: NOT_ENOUGH_REPLICAS at -1");
    }
  }

  @Test
  void aClientIsToldToAbortInTermsItKnows() {
    world.transactions.answer(Errors.TRANSACTION_ABORTABLE);

    assertThat(send(NEWEST, "tx", part(0, batch(0, 0))))
        .containsExactly("0: TRANSACTION_ABORTABLE at -1");
    assertThat(sendByName(11, part(0, batch(0, 0))))
        .containsExactly("0: TRANSACTION_ABORTABLE at -1");
    assertThat(sendByName(10, part(0, batch(0, 0)))).containsExactly("0: INVALID_TXN_STATE at -1");
  }

  @Test
  void aFencedProducerIsToldSo() {
    world.transactions.answer(Errors.INVALID_PRODUCER_EPOCH);

    assertThat(send(NEWEST, "tx", part(0, batch(0, 0))))
        .containsExactly("0: INVALID_PRODUCER_EPOCH at -1");
  }

  @Test
  void pipelinedRequestsKeepTheirOrderWhileTheCoordinatorIsAsked() {
    world.transactions.hold();
    List<CompletableFuture<ProduceResponseData>> answers = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      answers.add(produce(NEWEST, request("tx", part(0, batch(0, i)))));
    }
    world.pass(1000);
    assertThat(answers).noneMatch(CompletableFuture::isDone);

    world.transactions.letGo();

    for (int i = 0; i < 5; i++) {
      assertThat(told(world.await(answers.get(i)))).containsExactly("0: NONE at " + i);
    }
    assertThat(world.transactions.questions).hasSize(1);
  }

  @Test
  void aMarkerWhileTheCoordinatorIsAskedKeepsTheBatchOut() {
    log(0);
    world.transactions.hold();
    CompletableFuture<ProduceResponseData> late =
        produce(NEWEST, request("tx", part(0, batch(0, 0))));
    world.await(log(0).appendMarker(new TransactionMarker(5, (short) 1, 0, false, 2)));

    world.transactions.letGo();

    assertThat(told(world.await(late))).containsExactly("0: INVALID_TXN_STATE at -1");
  }

  @Test
  void oneRequestIsOfOneProducer() {
    assertThatThrownBy(() ->
            send(
                NEWEST, "tx", part(0, batch(0, 0)), part(1, EngineWorld.transactional(6, 0, 0, 1))))
        .hasCauseInstanceOf(InvalidPidMappingException.class);
  }

  @Test
  void aPartitionThatIsNotThereKeepsNoOtherBack() {
    assertThat(send(NEWEST, "tx", part(0, batch(0, 0)), part(7, batch(0, 0))))
        .containsExactly("0: NONE at 0", "7: UNKNOWN_TOPIC_OR_PARTITION at -1");
  }

  private List<String> send(
      int version, @Nullable String transactionalId, PartitionProduceData... parts) {
    return told(world.await(produce(version, request(transactionalId, parts))));
  }

  private List<String> sendByName(int version, PartitionProduceData... parts) {
    ProduceRequestData request = request("tx");
    request
        .topicData()
        .add(new TopicProduceData().setName("alpha").setPartitionData(List.of(parts)));
    return told(world.await(produce(version, request)));
  }

  private CompletableFuture<ProduceResponseData> produce(int version, ProduceRequestData request) {
    return world.produce.handle(HandlerWorld.context(version), request);
  }

  private ProduceRequestData request(
      @Nullable String transactionalId, PartitionProduceData... parts) {
    ProduceRequestData request =
        new ProduceRequestData()
            .setAcks((short) -1)
            .setTimeoutMs(1000)
            .setTransactionalId(transactionalId);
    if (parts.length > 0) {
      request
          .topicData()
          .add(new TopicProduceData().setTopicId(topic).setPartitionData(List.of(parts)));
    }
    return request;
  }

  private static ByteBuffer batch(int epoch, int sequence) {
    return EngineWorld.transactional(5, epoch, sequence, 1);
  }

  private static PartitionProduceData part(int partition, ByteBuffer batch) {
    return new PartitionProduceData()
        .setIndex(partition)
        .setRecords(MemoryRecords.readableRecords(batch));
  }

  private PartitionLog log(int partition) {
    return world.await(world.engine.open(new PartitionId(topic, partition)));
  }

  private static List<String> told(ProduceResponseData answer) {
    List<String> lines = new ArrayList<>();
    answer
        .responses()
        .forEach(each ->
            each.partitionResponses()
                .forEach(p ->
                    lines.add(
                        "%d: %s at %d"
                            .formatted(p.index(), Errors.forCode(p.errorCode()), p.baseOffset()))));
    return lines;
  }
}
