package io.millrace.broker.handler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.broker.config.BrokerConfig;
import io.millrace.broker.config.TopicConfigs;
import io.millrace.broker.produce.PartitionProduce;
import io.millrace.broker.produce.TransactionAdmission;
import io.millrace.protocol.batch.BatchHeader;
import io.millrace.storage.PartitionId;
import io.millrace.storage.log.PartitionLog;
import io.millrace.storage.log.PartitionLog.Isolation;
import io.millrace.storage.log.PartitionLog.LogSlice;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.NetworkException;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.ProduceResponseData.PartitionProduceResponse;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.junit.jupiter.api.Test;

class ProduceHandlerTest {
  private final EngineWorld world = new EngineWorld();
  private final Uuid topic = world.createTopic("alpha", 2, Map.of());

  @Test
  void theAnswerComesWhenEveryBatchIsDurable() {
    CompletableFuture<ProduceResponseData> answer =
        produce(request(-1, part(0, EngineWorld.batch(2)), part(1, EngineWorld.batch(3))));
    assertThat(answer).isNotDone();

    assertThat(told(world.await(answer))).containsExactly("0: NONE at 0", "1: NONE at 0");
    assertThat(log(0).highWatermark()).isEqualTo(2);
    assertThat(log(1).highWatermark()).isEqualTo(3);
  }

  @Test
  void oneBadBatchDoesNotKeepTheOthersBack() {
    ByteBuffer bad = EngineWorld.batch(2);
    bad.put(70, (byte) (bad.get(70) + 1));

    ProduceResponseData answer =
        world.await(produce(request(-1, part(0, bad), part(1, EngineWorld.batch(3)))));

    assertThat(told(answer)).containsExactly("0: CORRUPT_MESSAGE at -1", "1: NONE at 0");
  }

  @Test
  void aBugInOnePartitionDoesNotEndTheRequestWhileTheLogReadsItsFrame() {
    log(0);
    ProduceHandler handler =
        new ProduceHandler(
            world.engine.metadata()::image,
            new PartitionProduce(
                world.failingOn(new PartitionId(topic, 1)),
                new TopicConfigs(BrokerConfig.of(Map.of("node.id", "1")), 1),
                world.environment.clock()),
            new TransactionAdmission(world.engine, world.transactions));

    CompletableFuture<ProduceResponseData> answer =
        handler.handle(
            HandlerWorld.context(13),
            request(-1, part(0, EngineWorld.batch(2)), part(1, EngineWorld.batch(3))));

    assertThat(answer).isNotDone();
    assertThat(told(world.await(answer)))
        .containsExactly("0: NONE at 0", "1: UNKNOWN_SERVER_ERROR at -1");
  }

  @Test
  void pipelinedRequestsKeepTheirOrderWhileThePartitionOpens() {
    List<CompletableFuture<ProduceResponseData>> answers = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      answers.add(produce(request(1, part(0, EngineWorld.batch(1)))));
    }

    for (int i = 0; i < 20; i++) {
      assertThat(told(world.await(answers.get(i)))).containsExactly("0: NONE at " + i);
    }
  }

  @Test
  void withoutAcknowledgementNothingIsAnswered() {
    assertThat(world.await(produce(request(0, part(0, EngineWorld.batch(1)))))).isNull();
    assertThat(log(0).highWatermark()).isOne();
  }

  @Test
  void withoutAcknowledgementAFailureClosesTheConnection() {
    assertThatThrownBy(() -> world.await(produce(request(0, part(7, EngineWorld.batch(1))))))
        .hasCauseInstanceOf(NetworkException.class);
  }

  @Test
  void internalTopicsAreNotForClients() {
    world.createTopic("__consumer_offsets", 1, Map.of());
    ProduceRequestData request = new ProduceRequestData().setAcks((short) -1);
    TopicProduceData part = new TopicProduceData().setName("__consumer_offsets");
    part.partitionData().add(part(0, EngineWorld.batch(1)));
    request.topicData().add(part);

    ProduceResponseData answer =
        world.await(world.produce.handle(HandlerWorld.context(12), request));

    assertThat(told(answer)).containsExactly("0: INVALID_TOPIC_EXCEPTION at -1");
  }

  @Test
  void aTopicMayStampTheTimeOfAppending() {
    Uuid stamped =
        world.createTopic("stamped", 1, Map.of("message.timestamp.type", "LogAppendTime"));
    ProduceRequestData request = new ProduceRequestData().setAcks((short) -1);
    TopicProduceData part = new TopicProduceData().setTopicId(stamped);
    part.partitionData().add(part(0, EngineWorld.batch(1)));
    request.topicData().add(part);

    PartitionProduceResponse answer = only(world.await(produce(request)));

    assertThat(answer.logAppendTimeMs()).isPositive();
    assertThat(BatchHeader.maxTimestamp(stored(stamped), 0)).isEqualTo(answer.logAppendTimeMs());
  }

  @Test
  void aTopicMayChooseTheCodec() {
    Uuid squeezed = world.createTopic("squeezed", 1, Map.of("compression.type", "zstd"));
    ProduceRequestData request = new ProduceRequestData().setAcks((short) -1);
    TopicProduceData part = new TopicProduceData().setTopicId(squeezed);
    part.partitionData().add(part(0, EngineWorld.batch(100)));
    request.topicData().add(part);

    assertThat(told(world.await(produce(request)))).containsExactly("0: NONE at 0");
    assertThat(BatchHeader.compression(stored(squeezed), 0)).isEqualTo(4);
  }

  @Test
  void afterAFailedSyncTheProducerLooksForAnotherLeader() {
    world.await(produce(request(-1, part(0, EngineWorld.batch(1)))));
    world.machine.disk().failNextSync(path -> path.toString().contains("/wal/"), _ -> {});

    ProduceResponseData answer = world.await(produce(request(-1, part(0, EngineWorld.batch(1)))));

    assertThat(told(answer)).containsExactly("0: KAFKA_STORAGE_ERROR at -1");
    assertThat(told(world.await(produce(request(-1, part(0, EngineWorld.batch(1)))))))
        .first()
        .asString()
        .matches("0: (KAFKA_STORAGE_ERROR|NOT_LEADER_OR_FOLLOWER) at -1");
  }

  private CompletableFuture<ProduceResponseData> produce(ProduceRequestData request) {
    return world.produce.handle(HandlerWorld.context(13), request);
  }

  private ProduceRequestData request(int acks, PartitionProduceData... parts) {
    ProduceRequestData request = new ProduceRequestData().setAcks((short) acks).setTimeoutMs(1000);
    request
        .topicData()
        .add(new TopicProduceData().setTopicId(topic).setPartitionData(List.of(parts)));
    return request;
  }

  private static PartitionProduceData part(int partition, ByteBuffer batch) {
    return new PartitionProduceData()
        .setIndex(partition)
        .setRecords(MemoryRecords.readableRecords(batch));
  }

  private PartitionLog log(int partition) {
    return world.await(world.engine.open(new PartitionId(topic, partition)));
  }

  private ByteBuffer stored(Uuid topicId) {
    PartitionLog log = world.await(world.engine.open(new PartitionId(topicId, 0)));
    LogSlice slice = world.await(log.read(0, 1 << 20, true, Isolation.READ_UNCOMMITTED));
    ByteBuffer copy =
        ByteBuffer.allocate(slice.sizeBytes()).put(slice.buffers().getFirst().duplicate()).flip();
    slice.release();
    return copy;
  }

  private static PartitionProduceResponse only(ProduceResponseData answer) {
    return answer.responses().iterator().next().partitionResponses().getFirst();
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
