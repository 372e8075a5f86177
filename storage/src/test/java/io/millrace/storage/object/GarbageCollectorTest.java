package io.millrace.storage.object;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.objectstore.ObjectStore.PutOutcome;
import io.millrace.objectstore.StoreProbe;
import io.millrace.storage.Keys;
import io.millrace.storage.PartitionId;
import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.ImageWorld;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataLog.CollectorBoundary;
import io.millrace.storage.metadata.MetadataRecord.IncarnationFenced;
import io.millrace.storage.metadata.MetadataRecord.IncarnationRecovered;
import io.millrace.storage.metadata.MetadataRecord.IncarnationRegistered;
import io.millrace.storage.metadata.MetadataRecord.NoOp;
import io.millrace.storage.metadata.MetadataRecord.ObjectsMerged;
import io.millrace.storage.metadata.MetadataRecord.WalPublished;
import io.millrace.storage.metadata.ObjectInfo;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
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
  void anUnfinishedPutOfALiveBrokerStaysUntilItsNumberIsBelowTheUploadFloor() {
    long counter = world.broker.metadata.uploads().begin();
    world.await(
        world.store.multipartPut(Keys.data(writer, counter)).append(ByteBuffer.allocate(10)));
    world.broker.collector.start(1_000_000_000L);

    boundary();
    assertThat(world.unfinishedPuts(Keys.DATA)).isEqualTo(1);

    world.broker.metadata.uploads().settle(counter); // its abort was not heard, say
    boundary();
    boundary();
    assertThat(world.unfinishedPuts(Keys.DATA)).isZero();
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
    assertThat(world.unfinishedPuts(Keys.DATA)).isZero();
    assertThat(world.keys(Keys.WAL)).isEmpty();

    put(orphan); // a stalled put
    world.runFor(5);
    assertThat(world.keys(Keys.DATA)).isEmpty();
  }

  @Test
  void whatOthersPutIntoTheBucketStaysAndStopsNothing() {
    List<String> foreign = List.of(Keys.DATA + "x", Keys.PROBE + "y/z", Keys.WAL + "README");
    foreign.forEach(this::put);
    world.await(world.store.multipartPut(Keys.DATA + "part").append(ByteBuffer.allocate(8)));
    String left = Keys.probe(writer, 0);
    put(left);

    world.await(world.broker.collector.sweep());

    assertThat(world.keys(Keys.PROBE)).containsExactly(Keys.PROBE + "y/z");
    assertThat(world.keys(Keys.DATA)).containsExactly(Keys.DATA + "x");
    assertThat(world.keys(Keys.WAL)).contains(Keys.WAL + "README");
    assertThat(world.unfinishedPuts(Keys.DATA)).isEqualTo(1);
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

  @Test
  void whatTheProbeOfARegisteredIncarnationLeftGoesAndGoesAgain() {
    String left = Keys.probe(writer, 0);
    put(left);
    world.await(world.store.multipartPut(Keys.probe(writer, 1)).append(ByteBuffer.allocate(8)));
    world.broker.collector.start(1_000_000_000L);

    world.runFor(3);
    assertThat(world.keys(Keys.PROBE)).isEmpty();
    assertThat(world.unfinishedPuts(Keys.PROBE)).isZero();

    put(left); // late
    world.runFor(3);
    assertThat(world.keys(Keys.PROBE)).isEmpty();
  }

  @Test
  void theProbeOfANewcomerIsLeftAloneForLongerThanItTakesAny() {
    WriterId newcomer = new WriterId(9, 9);
    world.broker.collector.start(60_000_000_000L);
    put(Keys.probe(newcomer, 0));
    world.await(world.store.multipartPut(Keys.probe(newcomer, 1)).append(ByteBuffer.allocate(8)));

    world.runFor(TimeUnit.NANOSECONDS.toSeconds(StoreProbe.UNDISTURBED_NS) + 60);
    assertThat(world.keys(Keys.PROBE)).containsExactly(Keys.probe(newcomer, 0));
    assertThat(world.unfinishedPuts(Keys.PROBE)).isEqualTo(1);

    world.runFor(TimeUnit.NANOSECONDS.toSeconds(StoreProbe.UNDISTURBED_NS) + 120);
    assertThat(world.keys(Keys.PROBE)).isEmpty();
    assertThat(world.unfinishedPuts(Keys.PROBE)).isZero();
  }

  @Test
  void garbageOfAnIdleClusterGetsABoundaryOfItsOwn() {
    PartitionId id = world.createTopic("t", 1, Map.of()).getFirst();
    Merger merger = world.broker.merger(ObjectWorld.EAGER);
    merger.start();
    world.publish(List.of(id), 20);
    world.runFor(5);
    merger.close();
    boundary();
    ObjectInfo merged = world.broker.metadata.image().objects().values().iterator().next();
    world.broker.apply(new ObjectsMerged(List.of(merged.key()), List.of(), List.of()));
    long entries = world.broker.metadata.image().entryNumber();
    world.broker.collector.start(60_000_000_000L);

    world.runFor(300);
    assertThat(world.keys(Keys.DATA)).isEmpty();

    long boundaries = world.keys(Keys.META_BOUNDARY).size();
    world.runFor(3600);
    assertThat(world.keys(Keys.META_BOUNDARY))
        .as("nothing waits any more")
        .hasSize((int) boundaries);
    assertThat(world.broker.metadata.image().entryNumber()).isLessThan(entries + 4);
  }

  @Test
  void theUploadFloorOfABrokerThatPutsNoBoundariesRisesToo() {
    ObjectWorld.Broker other = world.join(2);
    WriterId second = other.metadata.writer();
    long counter = other.metadata.uploads().begin();
    String key = Keys.data(second, counter);
    put(key);
    other.metadata.uploads().settle(counter);
    world.broker.collector.start(1_000_000_000L);
    other.collector.start(1_000_000_000L);

    boundary();
    boundary();

    assertThat(world.keys(Keys.DATA)).doesNotContain(key);
  }

  private static final WriterId LIVE = new WriterId(1, 1);
  private static final WriterId FENCED = new WriterId(2, 2);
  private static final WriterId RECOVERED = new WriterId(3, 3);
  private static final WriterId LONG_ENDED = new WriterId(4, 4);

  @Test
  void anEntryOfASharedStoreGoesOnlyAtOrBelowTheTrimOrOnceItsLogIsRecovered() {
    MetadataImage image = threeIncarnations();

    assertThat(spent(image, LIVE, 10)).isTrue();
    assertThat(spent(image, LIVE, 11)).isFalse();
    assertThat(spent(image, FENCED, 10)).isTrue();
    assertThat(spent(image, FENCED, 11)).as("recovery reads it").isFalse();
    assertThat(spent(image, RECOVERED, 15)).isTrue();
    assertThat(spent(image, RECOVERED, 21)).as("the seal that ends the log").isFalse();
    assertThat(spent(image, RECOVERED, 22)).isTrue();
    assertThat(spent(image, new WriterId(9, 9), 1)).as("nobody it knows").isFalse();
    assertThat(image.incarnations()).doesNotContainKey(LONG_ENDED);
    assertThat(spent(image, LONG_ENDED, 5)).as("late").isTrue();
    assertThat(spent(image, LONG_ENDED, 6)).as("the seal that ends the log").isFalse();
    assertThat(spent(image, LONG_ENDED, 7)).as("late").isTrue();
    String listed = Keys.wal(LIVE, 5);
    assertThat(GarbageCollector.spentEntry(listed, image, Set.of(listed))).isFalse();
  }

  /** Each with a log that is trimmed to 10; the last recovered up to 20. */
  private static MetadataImage threeIncarnations() {
    ImageWorld world = new ImageWorld();
    int node = 0;
    for (WriterId writer : List.of(LIVE, FENCED, RECOVERED)) {
      world.applied(
          writer,
          new IncarnationRegistered(
              writer, ++node, Optional.empty(), List.of(), Optional.empty(), "test"));
      world.applied(writer, new WalPublished(writer, -1, 10, List.of()));
    }
    world.applied(LIVE, new IncarnationFenced(FENCED));
    world.applied(LIVE, new IncarnationFenced(RECOVERED));
    world.applied(LIVE, new IncarnationRecovered(RECOVERED, 10, 20, List.of()));
    for (WriterId writer : List.of(LONG_ENDED, new WriterId(4, 5))) {
      world.applied(
          writer,
          new IncarnationRegistered(
              writer, 4, Optional.empty(), List.of(), Optional.empty(), "test"));
      world.applied(LIVE, new IncarnationFenced(writer));
      world.applied(LIVE, new IncarnationRecovered(writer, -1, 5, List.of()));
    }
    return world.image();
  }

  private static boolean spent(MetadataImage image, WriterId writer, long sequence) {
    return GarbageCollector.spentEntry(Keys.wal(writer, sequence), image, Set.of());
  }

  @Test
  void whatSomebodyDiedWritingIsGivenUpOnceNobodyCanFinishIt() {
    MetadataImage image = threeIncarnations();
    CollectorBoundary boundary = new CollectorBoundary(4, Keys.snapshot(LIVE, 1), image);
    long last = image.entryNumber();

    assertThat(List.of(Keys.metaEntry(last), Keys.boundary(4), Keys.fence(RECOVERED)))
        .allMatch(key -> GarbageCollector.isGivenUp(key, image, boundary));
    assertThat(List.of(Keys.wal(FENCED, 3), Keys.data(RECOVERED, 1), Keys.snapshot(FENCED, 1)))
        .allMatch(key -> GarbageCollector.isGivenUp(key, image, boundary));
    assertThat(List.of(Keys.data(LONG_ENDED, 3), Keys.fence(LONG_ENDED)))
        .allMatch(key -> GarbageCollector.isGivenUp(key, image, boundary));
    assertThat(List.of(Keys.metaEntry(last + 1), Keys.boundary(5), Keys.fence(FENCED)))
        .noneMatch(key -> GarbageCollector.isGivenUp(key, image, boundary));
    assertThat(List.of(Keys.wal(LIVE, 3), Keys.data(LIVE, 1)))
        .noneMatch(key -> GarbageCollector.isGivenUp(key, image, boundary));
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
