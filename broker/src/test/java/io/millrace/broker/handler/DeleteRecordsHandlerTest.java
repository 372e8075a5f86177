package io.millrace.broker.handler;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.broker.config.BrokerConfig;
import io.millrace.broker.config.TopicConfigs;
import io.millrace.storage.PartitionId;
import io.millrace.storage.log.PartitionLog;
import io.millrace.storage.log.PartitionLog.Origin;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.DeleteRecordsRequestData;
import org.apache.kafka.common.message.DeleteRecordsRequestData.DeleteRecordsPartition;
import org.apache.kafka.common.message.DeleteRecordsRequestData.DeleteRecordsTopic;
import org.apache.kafka.common.message.DeleteRecordsResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.Test;

class DeleteRecordsHandlerTest {
  private final EngineWorld world = new EngineWorld();
  private final Uuid topic = world.createTopic("alpha", 2, Map.of());
  private final DeleteRecordsHandler handler =
      new DeleteRecordsHandler(
          world.engine.metadata(),
          world.engine,
          new TopicConfigs(BrokerConfig.of(Map.of("node.id", "1")), 1));

  @Test
  void theLogStartMovesUpInTheMetadataAndForReaders() {
    append(5);

    assertThat(delete("alpha", 0, 3)).containsExactly("NONE 3");

    assertThat(log().logStart()).isEqualTo(3);
    assertThat(
            Objects.requireNonNull(
                    world.engine.metadata().image().partition(new PartitionId(topic, 0)))
                .logStart())
        .isEqualTo(3);
    assertThat(delete("alpha", 0, 1)).as("what is gone already").containsExactly("NONE 3");
    assertThat(delete("alpha", 0, -1)).as("everything").containsExactly("NONE 5");
    assertThat(delete("alpha", 0, -1)).as("nothing is left").containsExactly("NONE 5");
    assertThat(world.await(log().append(EngineWorld.batch(1), -1, Origin.CLIENT)).baseOffset())
        .isEqualTo(5);
  }

  @Test
  void whatCannotBeDeletedIsToldPartitionByPartition() {
    append(5);
    world.createTopic("kept", 1, Map.of("cleanup.policy", "compact"));

    assertThat(delete("alpha", 0, 6)).containsExactly("OFFSET_OUT_OF_RANGE -1");
    assertThat(delete("alpha", 0, -2)).containsExactly("OFFSET_OUT_OF_RANGE -1");
    assertThat(delete("alpha", 2, 0)).containsExactly("UNKNOWN_TOPIC_OR_PARTITION -1");
    assertThat(delete("absent", 0, 0)).containsExactly("UNKNOWN_TOPIC_OR_PARTITION -1");
    assertThat(delete("kept", 0, 0)).containsExactly("POLICY_VIOLATION -1");
    assertThat(delete("__consumer_offsets", 0, 0)).containsExactly("INVALID_TOPIC_EXCEPTION -1");
    assertThat(log().logStart()).isZero();
  }

  private PartitionLog log() {
    return world.await(world.engine.open(new PartitionId(topic, 0)));
  }

  private void append(int records) {
    world.await(log().append(EngineWorld.batch(records), -1, Origin.CLIENT));
  }

  private List<String> delete(String name, int partition, long offset) {
    DeleteRecordsRequestData request = new DeleteRecordsRequestData();
    request
        .topics()
        .add(
            new DeleteRecordsTopic()
                .setName(name)
                .setPartitions(
                    List.of(
                        new DeleteRecordsPartition()
                            .setPartitionIndex(partition)
                            .setOffset(offset))));
    DeleteRecordsResponseData response =
        (DeleteRecordsResponseData) world.await(world.ask(handler, 2, request));
    List<String> results = new ArrayList<>();
    response
        .topics()
        .forEach(each ->
            each.partitions()
                .forEach(p -> results.add(Errors.forCode(p.errorCode()) + " " + p.lowWatermark())));
    return results;
  }
}
