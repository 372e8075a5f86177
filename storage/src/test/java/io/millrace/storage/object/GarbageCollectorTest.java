package io.millrace.storage.object;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.objectstore.ObjectStore.PutOutcome;
import io.millrace.storage.Keys;
import io.millrace.storage.PartitionId;
import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.MetadataLog.CollectorBoundary;
import io.millrace.storage.metadata.MetadataRecord.NoOp;
import io.millrace.storage.metadata.MetadataRecord.ObjectsMerged;
import io.millrace.storage.metadata.ObjectInfo;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class GarbageCollectorTest {
  private final ObjectWorld world = new ObjectWorld(3);
  private final WriterId writer = world.broker.metadata.writer();

  @Test
  void anUnlistedWalFileIsGivenBackOnceNobodyReadsIt() {
    PartitionId id = world.createTopic("t", 1, Map.of()).getFirst();
    ObjectInfo object = world.publish(List.of(id), 5);
    world.broker.collector.start(1_000_000_000L);
    world.broker.pins.pin(object.key());

    world.broker.merger(ObjectWorld.EAGER).start();
    world.runFor(10);
    assertThat(world.broker.metadata.image().objects()).doesNotContainKey(object.key());
    assertThat(world.releasedWalFiles).isEmpty();

    world.broker.pins.unpin(object.key());
    world.runFor(3);
    assertThat(world.releasedWalFiles).containsExactly(object.key());
  }

  @Test
  void anUnlistedObjectStaysUntilItsNumberIsBelowTheUploadFloorAtABoundary() {
    long counter = world.broker.metadata.uploads().begin();
    String key = Keys.data(writer, counter);
    put(key);
    world.broker.collector.start(1_000_000_000L);

    boundary();
    assertThat(world.keys(Keys.DATA)).contains(key);

    world.broker.metadata.uploads().settle(counter);
    boundary();
    boundary();
    assertThat(world.keys(Keys.DATA)).doesNotContain(key);
  }

  @Test
  void whatAnEndedIncarnationLeftGoesAndGoesAgainIfItComesBack() {
    long counter = world.broker.metadata.uploads().begin();
    String orphan = Keys.data(writer, counter);
    String wal = Keys.wal(writer, 99);
    put(orphan);
    put(wal);
    world.await(
        world.store.multipartPut(Keys.data(writer, counter + 1)).append(ByteBuffer.allocate(10)));

    world.restart();
    world.broker.collector.start(1_000_000_000L);
    boundary();
    assertThat(world.keys(Keys.DATA)).isEmpty();
    assertThat(world.unfinishedPuts()).isZero();
    assertThat(world.keys(Keys.WAL)).isEmpty();

    put(orphan); // a stalled put
    world.runFor(5);
    assertThat(world.keys(Keys.DATA)).isEmpty();
  }

  @Test
  void aListedObjectStays() {
    PartitionId id = world.createTopic("t", 1, Map.of()).getFirst();
    world.publish(List.of(id), 20);
    world.await(world.broker.checkpointer.checkpoint());
    world.broker.merger(ObjectWorld.EAGER).start();
    world.broker.collector.start(1_000_000_000L);
    boundary();
    boundary();
    world.restart();
    world.broker.collector.start(1_000_000_000L);
    boundary();
    boundary();

    world.readEverything(id, 0);
    assertThat(world.await(world.broker.opener.open(id)).end()).isEqualTo(world.end(id));
    assertThat(world.keys(Keys.CHECKPOINT)).hasSize(1);
  }

  @Test
  void anObjectUnlistedAfterTheBoundaryStays() {
    PartitionId id = world.createTopic("t", 1, Map.of()).getFirst();
    world.publish(List.of(id), 20);
    Merger merger = world.broker.merger(ObjectWorld.EAGER);
    merger.start();
    world.runFor(5);
    boundary();
    merger.close();
    ObjectInfo merged = world.broker.metadata.image().objects().values().iterator().next();
    CollectorBoundary boundary = Objects.requireNonNull(world.broker.metadata.collectorBoundary());
    assertThat(boundary.image().objects()).containsKey(merged.key());
    world.broker.apply(new ObjectsMerged(List.of(merged.key()), List.of(), List.of()));

    world.await(world.broker.collector.sweep());

    assertThat(world.keys(Keys.DATA)).contains(merged.key());
  }

  private void put(String key) {
    assertThat(world.await(world.store.putIfAbsent(key, ByteBuffer.allocate(10))))
        .isInstanceOf(PutOutcome.Stored.class);
  }

  /** Entries enough for another boundary, and time for a round. */
  private void boundary() {
    for (int i = 0; i < 6; i++) {
      world.broker.apply(new NoOp());
      world.runFor(1);
    }
    world.runFor(3);
  }
}
