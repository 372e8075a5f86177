package io.millrace.storage.object;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.ObjectInfo;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.Record;
import org.junit.jupiter.api.Test;

class ObjectReaderTest {
  private final ObjectWorld world = new ObjectWorld(1);

  @Test
  void recordsAreFoundByTime() {
    for (long seed = 0; seed < 30; seed++) {
      ObjectWorld random = new ObjectWorld(seed);
      PartitionId id = random.createTopic("t", 2, Map.of()).getFirst();
      for (int i = 0; i < 4; i++) {
        random.publish(List.of(id, new PartitionId(id.topicId(), 1)), 20);
      }
      for (int i = 0; i < 20; i++) {
        long from = random.random.nextLong(random.end(id));
        long to = from + 1 + random.random.nextLong(random.end(id) - from);
        long time = random.random.nextLong(110_000);
        assertThat(
                random
                    .await(random.broker.reader.firstAtOrAfter(id, time, from, to))
                    .map(TimedOffset::offset))
            .as("seed %d, at or after %d in [%d, %d)", seed, time, from, to)
            .isEqualTo(first(random, id, time, from, to));
        assertThat(
                random
                    .await(random.broker.reader.maxTimestamp(id, from, to))
                    .map(TimedOffset::offset))
            .as("seed %d, latest in [%d, %d)", seed, from, to)
            .isEqualTo(latest(random, id, from, to));
      }
    }
  }

  @Test
  void whatIsMergedFasterThanItIsFoundMayBeAskedForAgain() {
    CompletableFuture<Void> found =
        world.broker.catalog.onImage(
            _ -> CompletableFuture.failedFuture(new ObjectAbsentException("merged")));

    assertThatThrownBy(() -> world.await(found))
        .hasCauseInstanceOf(StoreUnavailableException.class)
        .hasMessageContaining("merged faster than they are looked up");
  }

  @Test
  void aPartitionInManyObjectsIsOpenedByAFewReadsAtATime() {
    PartitionId id = world.createTopic("t", 1, Map.of()).getFirst();
    for (int i = 0; i < 60; i++) {
      world.publish(List.of(id), 2);
    }
    world.store.readsInFlightMax = 0;

    assertThat(world.await(world.broker.opener.open(id)).end()).isEqualTo(world.end(id));

    assertThat(world.store.readsInFlightMax).isEqualTo(ObjectCatalog.FOOTERS_AT_ONCE_MAX);
    assertThat(world.await(world.broker.catalog.parts(id, 0)))
        .hasSize(60)
        .isSortedAccordingTo(Comparator.comparingLong(part -> part.footer().baseOffset()));
  }

  @Test
  void thousandsOfPartsTakeNoMoreStackThanOne() throws InterruptedException {
    ObjectWorld large = new ObjectWorld(1, 100 << 20);
    PartitionId id = large.createTopic("t", 1, Map.of()).getFirst();
    for (int i = 0; i < 2_000; i++) {
      large.publish(List.of(id), 1);
    }
    large.await(large.broker.reader.size(id, 0)); // loads all footers
    List<ObjectCatalog.Span> spans = new ArrayList<>();

    Thread small =
        new Thread(
            null,
            () -> spans.addAll(large.broker.reader.spans(id, 0, Long.MAX_VALUE).join()),
            "small stack",
            200 << 10);
    small.start();
    small.join();

    assertThat(spans).hasSize(2_000);
    assertThat(spans.getLast().endOffset()).isEqualTo(large.end(id));
  }

  @Test
  void aBlockIsLoadedAndCheckedOnce() {
    PartitionId id = world.createTopic("t", 1, Map.of()).getFirst();
    world.publish(List.of(id), 20);

    world.readEverything(id, 0);
    world.readEverything(id, 0);

    assertThat(world.broker.blocks.loads()).isEqualTo(1);
  }

  @Test
  void theFirstBatchIsReadWhateverTheLimitOnlyIfAskedTo() {
    PartitionId id = world.createTopic("t", 1, Map.of()).getFirst();
    world.publish(List.of(id), 5);

    assertThat(world.await(world.broker.reader.read(id, 0, 100, 1, false)).bytes().remaining())
        .isZero();
    assertThat(world.await(world.broker.reader.read(id, 0, 100, 1, true)).bytes().remaining())
        .isEqualTo(world.batches(id).firstEntry().getValue().limit());
  }

  @Test
  void nothingThatBeginsAtTheEndAskedForIsRead() {
    PartitionId id = world.createTopic("t", 1, Map.of()).getFirst();
    world.publish(List.of(id), 5);
    long second = world.batches(id).higherKey(0L);

    ObjectReader.Lent lent = world.await(world.broker.reader.read(id, 0, second, 1 << 20, true));

    assertThat(lent.endOffset()).isEqualTo(second);
    assertThat(
            world
                .await(world.broker.reader.read(id, second, second, 1 << 20, true))
                .bytes()
                .remaining())
        .isZero();
  }

  @Test
  void anObjectThatTheImageStillListsAndTheStoreLostIsCorruption() {
    PartitionId id = world.createTopic("t", 1, Map.of()).getFirst();
    ObjectInfo object = world.publish(List.of(id), 5);
    world.await(world.store.delete(object.key()));

    var read = world.broker.reader.read(id, 0, 100, 1000, true);
    world.scheduler.runUntil(read::isDone, 100_000);

    assertThat(read.exceptionNow())
        .hasMessageContaining(object.key())
        .hasMessageContaining("refers to it");
  }

  @Test
  void damageIsCountedEachTimeItIsMet() {
    PartitionId id = world.createTopic("t", 1, Map.of()).getFirst();
    ObjectInfo object = world.publish(List.of(id), 5);
    world.store.flippedBits.put(object.key(), 300L * 8);

    for (int i = 1; i <= 2; i++) {
      var read = world.broker.reader.read(id, 0, 100, 1000, true);
      world.scheduler.runUntil(read::isDone, 100_000);

      assertThat(read.exceptionNow()).isInstanceOf(ObjectCorruptException.class);
      assertThat(world.broker.damage.count()).isEqualTo(i);
    }
  }

  @Test
  void damageIsToldOnce() {
    assertThat(world.broker.damage.isNew("a")).isTrue();
    assertThat(world.broker.damage.isNew("b")).isTrue();
    assertThat(world.broker.damage.isNew("a")).isFalse();
    for (int i = 0; i < 1_000; i++) {
      world.broker.damage.isNew("other " + i);
    }
    assertThat(world.broker.damage.isNew("a")).as("as much as is kept").isTrue();
  }

  @Test
  void nothingIsReadOfAnObjectThatIsNoLongerListed() {
    PartitionId id = world.createTopic("t", 1, Map.of()).getFirst();
    ObjectInfo object = world.publish(List.of(id), 5);
    world.broker.merger(ObjectWorld.EAGER).start();
    world.runFor(10);
    long before = world.store.calls;

    // its file may be in use again already
    var footer =
        new FooterCache(world.store, world.broker.metadata, world.broker.pins, 1000).get(object);

    assertThat(footer.exceptionNow()).isInstanceOf(ObjectAbsentException.class);
    assertThat(world.store.calls).isEqualTo(before);
    assertThat(world.broker.pins.isPinned(object.key())).isFalse();
  }

  @Test
  void sizesCountWhatEndsAboveAnOffset() {
    PartitionId id = world.createTopic("t", 1, Map.of()).getFirst();
    world.publish(List.of(id), 5);
    world.publish(List.of(id), 5);
    long bytes = world.batches(id).values().stream().mapToLong(ByteBuffer::limit).sum();

    assertThat(world.await(world.broker.reader.size(id, 0)))
        .isEqualTo(new ObjectReader.Size(bytes, world.end(id)));
  }

  private static Optional<Long> first(
      ObjectWorld world, PartitionId id, long time, long from, long to) {
    for (ByteBuffer batch : world.batches(id).values()) {
      for (Record record : MemoryRecords.readableRecords(batch.duplicate()).records()) {
        if (record.timestamp() >= time && record.offset() >= from && record.offset() < to) {
          return Optional.of(record.offset());
        }
      }
    }
    return Optional.empty();
  }

  private static Optional<Long> latest(ObjectWorld world, PartitionId id, long from, long to) {
    Optional<Long> best = Optional.empty();
    long bestTime = -1;
    for (ByteBuffer batch : world.batches(id).values()) {
      for (Record record : MemoryRecords.readableRecords(batch.duplicate()).records()) {
        if (record.offset() >= from && record.offset() < to && record.timestamp() > bestTime) {
          bestTime = record.timestamp();
          best = Optional.of(record.offset());
        }
      }
    }
    return best;
  }
}
