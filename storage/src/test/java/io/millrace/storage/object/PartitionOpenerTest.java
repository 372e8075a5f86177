package io.millrace.storage.object;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.MetadataRecord.LogStartMoved;
import io.millrace.storage.metadata.MetadataRecord.ObjectsMerged;
import io.millrace.storage.metadata.ObjectInfo;
import io.millrace.storage.object.Footer.ProducerSnapshot;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PartitionOpenerTest {
  private static final long PRODUCER = 7;

  private final ObjectWorld world = new ObjectWorld(1);
  private final PartitionId id = world.createTopic("t", 1, Map.of()).getFirst();

  @Test
  void whatWasMergedAwayBehindASummaryIsKnownFromTheCheckpoint() {
    publish(SampleBatches.transactional(0, PRODUCER, 0, 0, 1));
    PartitionSummary before = world.await(world.broker.opener.open(id));
    publish(SampleBatches.transactional(1, PRODUCER, 0, 1, 1));
    publish(SampleBatches.marker(2, PRODUCER, 0, true, 1));
    world.await(world.broker.checkpointer.checkpoint());
    publish(SampleBatches.plain(3, 3, 1));
    world.broker.apply(new LogStartMoved(id, 0, 3));
    world.broker.merger(ObjectWorld.EAGER).start();
    world.runFor(10);

    PartitionSummary after = world.await(world.broker.opener.advance(before));

    assertThat(after.end()).isEqualTo(4);
    ProducerSnapshot producer = after.producers(0).getFirst();
    assertThat(producer.batches().getLast().lastSequence()).isEqualTo(1);
    assertThat(producer.transactionFirstOffset()).as("no transaction is open").isEqualTo(-1);
  }

  @Test
  void soItIsIfNothingWasPublishedSince() {
    publish(SampleBatches.idempotent(0, PRODUCER, 0, 0, 1));
    PartitionSummary before = world.await(world.broker.opener.open(id));
    publish(SampleBatches.idempotent(1, PRODUCER, 0, 1, 1));
    world.await(world.broker.checkpointer.checkpoint());
    world.broker.apply(new LogStartMoved(id, 0, 2));
    world.broker.merger(ObjectWorld.EAGER).start();
    world.runFor(10);

    PartitionSummary after = world.await(world.broker.opener.advance(before));

    assertThat(after.end()).isEqualTo(2);
    assertThat(after.producers(0).getFirst().batches().getLast().lastSequence()).isEqualTo(1);
  }

  @Test
  void whatIsInNoObjectAndNoCheckpointIsMissed() {
    publish(SampleBatches.idempotent(0, PRODUCER, 0, 0, 1));
    ObjectInfo lost = publish(SampleBatches.idempotent(1, PRODUCER, 0, 1, 1));
    publish(SampleBatches.idempotent(2, PRODUCER, 0, 2, 1));
    world.broker.apply(new LogStartMoved(id, 0, 2));
    world.broker.apply(new ObjectsMerged(List.of(lost.key()), List.of(), List.of()));

    assertThatThrownBy(() -> world.await(world.broker.opener.open(id)))
        .hasCauseInstanceOf(ObjectCorruptException.class)
        .hasMessageContaining("offset 1 of");
  }

  private ObjectInfo publish(ByteBuffer batch) {
    return world.publishBatches(List.of(Map.entry(id, batch)));
  }
}
