package io.millrace.storage.object;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.objectstore.ObjectStore.ListOutcome;
import io.millrace.objectstore.ObjectStore.PutOutcome;
import io.millrace.objectstore.ObjectStore.UnfinishedOutcome;
import io.millrace.runtime.simulated.SimulatedClock;
import io.millrace.runtime.simulated.SimulatedRandomness;
import io.millrace.runtime.simulated.SimulatedScheduler;
import io.millrace.runtime.simulated.SimulatedThreads;
import io.millrace.storage.Keys;
import io.millrace.storage.PartitionId;
import io.millrace.storage.WriterId;
import io.millrace.storage.cache.BlockCache;
import io.millrace.storage.metadata.BoundarySpacing;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataLog.Outcome;
import io.millrace.storage.metadata.MetadataRecord;
import io.millrace.storage.metadata.MetadataRecord.IncarnationRecovered;
import io.millrace.storage.metadata.MetadataRecord.IncarnationRegistered;
import io.millrace.storage.metadata.MetadataRecord.TopicCreated;
import io.millrace.storage.metadata.MetadataRecord.WalPublished;
import io.millrace.storage.metadata.ObjectInfo;
import io.millrace.storage.metadata.Registration;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.Uuid;

/**
 * One broker's objects over a store in memory, under virtual time, with a model of what was
 * published.
 */
final class ObjectWorld {
  static final MergeSettings EAGER = new MergeSettings(1, 100, 60_000, 100, 24_000, 6_000, 2, 3);
  private static final long STEPS_MAX = 3_000_000;

  final SimulatedScheduler scheduler;
  final SplittableRandom random;
  final WatchedStore store;
  private final Map<PartitionId, NavigableMap<Long, ByteBuffer>> model = new TreeMap<>();
  final List<String> releasedWalFiles = new ArrayList<>();
  private final long footerBytesMax;
  Broker broker;

  ObjectWorld(long seed) {
    this(seed, 100_000);
  }

  /**
   * @param footerBytesMax of the cache of footers
   */
  ObjectWorld(long seed, long footerBytesMax) {
    this.footerBytesMax = footerBytesMax;
    scheduler = new SimulatedScheduler(seed);
    random = scheduler.fork();
    store =
        new WatchedStore(
            new SimulatedThreads(scheduler, "store").eventLoop("store"), scheduler.fork());
    broker = new Broker(1);
  }

  /** What one incarnation has open. */
  final class Broker {
    final SimulatedThreads threads = new SimulatedThreads(scheduler, "broker");
    final SimulatedClock clock = new SimulatedClock(scheduler);
    final MetadataLog metadata;
    final ObjectPins pins = new ObjectPins();
    final FooterCache footers;
    final ObjectCatalog catalog;
    final BlockCache blocks = new BlockCache(200_000);
    final ObjectReader reader;
    final PartitionOpener opener;
    final Checkpointer checkpointer;
    final GarbageCollector collector;
    final MergeCounters counters = new MergeCounters();
    final DamageLog damage = new DamageLog();
    private long walCounter;
    private long sequence = -1;

    Broker(int nodeId) {
      metadata =
          await(
              io.millrace.storage.metadata.StoredMetadataLog.load(
                  store,
                  threads.eventLoop("metadata"),
                  clock,
                  new SimulatedRandomness(scheduler.fork()),
                  new WriterId(random.nextLong(), random.nextLong()),
                  new BoundarySpacing(4)));
      var registered =
          new IncarnationRegistered(
              metadata.writer(),
              nodeId,
              Optional.ofNullable(metadata.image().brokers().get(nodeId)),
              List.of(),
              Optional.empty(),
              "test");
      for (Incarnation ended :
          await(Registration.register(metadata, registered, new Uuid(8, 8))).toRecover()) {
        submit(new IncarnationRecovered(ended.writer(), ended.trim(), ended.trim(), List.of()));
      }
      footers = new FooterCache(store, metadata, pins, footerBytesMax);
      catalog = new ObjectCatalog(metadata, footers);
      reader = new ObjectReader(store, metadata, catalog, blocks, pins, damage);
      opener = new PartitionOpener(catalog, store, clock);
      checkpointer =
          new Checkpointer(
              store,
              metadata,
              footers,
              opener,
              threads.eventLoop("checkpoint"),
              clock,
              Checkpointer.Summaries.NONE,
              damage);
      collector =
          new GarbageCollector(
              store,
              metadata,
              threads.eventLoop("garbage"),
              clock,
              pins,
              new WalGarbage.Files(releasedWalFiles::add));
    }

    Merger merger(MergeSettings settings) {
      return new Merger(
          new Merger.Access(store, metadata, footers, pins, catalog, reader, opener),
          new SimulatedRandomness(scheduler.fork()),
          clock,
          threads.eventLoop("merge"),
          settings,
          new MergePace(1L << 30, () -> 0, 1),
          counters);
    }

    MergeTask.MergeParts mergeParts(MergeSettings settings) {
      return new MergeTask.MergeParts(
          store,
          metadata,
          footers,
          new ListedReads(metadata, pins),
          reader,
          new SimulatedRandomness(scheduler.fork()),
          threads.eventLoop("merge"),
          settings,
          new MergePace(1L << 30, () -> 0, 1),
          counters);
    }

    Outcome submit(MetadataRecord record) {
      return await(metadata.submit(record));
    }

    void apply(MetadataRecord record) {
      assertThat(submit(record)).isInstanceOf(Outcome.Applied.class);
    }
  }

  <T> T await(CompletableFuture<T> future) {
    assertThat(scheduler.runUntil(future::isDone, STEPS_MAX)).as("completed").isTrue();
    assertThat(scheduler.failures()).isEmpty();
    return future.join();
  }

  void runFor(long seconds) {
    scheduler.runFor(TimeUnit.SECONDS.toNanos(seconds));
    assertThat(scheduler.failures()).isEmpty();
  }

  void restart() {
    broker.threads.kill();
    broker = new Broker(1);
  }

  /** Another broker on the same store. */
  Broker join(int nodeId) {
    return new Broker(nodeId);
  }

  List<PartitionId> createTopic(String name, int partitions, Map<String, String> configs) {
    Uuid id = new Uuid(random.nextLong(), random.nextLong());
    List<List<Integer>> replicas = new ArrayList<>();
    List<PartitionId> ids = new ArrayList<>();
    for (int p = 0; p < partitions; p++) {
      replicas.add(List.of(1));
      ids.add(new PartitionId(id, p));
      model.put(ids.getLast(), new TreeMap<>());
    }
    broker.apply(new TopicCreated(id, name, replicas, configs));
    return ids;
  }

  long end(PartitionId id) {
    NavigableMap<Long, ByteBuffer> batches = model.getOrDefault(id, new TreeMap<>());
    return batches.isEmpty() ? 0 : SampleBatches.end(batches.lastEntry().getValue());
  }

  /** Random batches of these partitions, more of the first ones, in a new WAL file. */
  ObjectInfo publish(List<PartitionId> partitions, int batches) {
    List<Map.Entry<PartitionId, ByteBuffer>> chosen = new ArrayList<>();
    Map<PartitionId, Long> ends = new TreeMap<>();
    for (int i = 0; i < batches; i++) {
      int skewed = random.nextInt(random.nextInt(partitions.size()) + 1);
      PartitionId id = partitions.get(skewed);
      long base = ends.getOrDefault(id, end(id));
      ByteBuffer batch =
          SampleBatches.random(random, base, broker.metadata.image().brokers().size(), 200);
      ends.put(id, SampleBatches.end(batch));
      chosen.add(Map.entry(id, batch));
    }
    return publishBatches(chosen);
  }

  /** Entries at 4 KiB borders with a header each, as a WAL file has them. */
  ObjectInfo publishBatches(List<Map.Entry<PartitionId, ByteBuffer>> batches) {
    FooterBuilder footer = new FooterBuilder();
    ByteBuffer file = ByteBuffer.allocate(batches.size() * 8192 + 65_536);
    int next = 0;
    while (next < batches.size()) {
      file.position((file.position() + 4095) / 4096 * 4096 + 80);
      List<Map.Entry<PartitionId, ByteBuffer>> entry =
          new ArrayList<>(
              batches.subList(next, Math.min(batches.size(), next + 1 + random.nextInt(8))));
      next += entry.size();
      entry.sort(Map.Entry.comparingByKey()); // stable
      for (Map.Entry<PartitionId, ByteBuffer> batch : entry) {
        footer.add(batch.getKey(), batch.getValue(), 0, file.position());
        file.put(batch.getValue().duplicate());
      }
    }
    file.position((file.position() + 4095) / 4096 * 4096);
    EncodedFooter encoded = footer.encode();
    String key = Keys.wal(broker.metadata.writer(), broker.walCounter++);
    ObjectInfo object = encoded.object(key, 0, broker.metadata.writer(), file.position());
    file.put(encoded.bytes()).flip();
    assertThat(await(store.putIfAbsent(key, file))).isInstanceOf(PutOutcome.Stored.class);
    long before = broker.sequence;
    broker.sequence += 10;
    broker.apply(
        new WalPublished(broker.metadata.writer(), before, broker.sequence, List.of(object)));
    batches.forEach(b -> batches(b.getKey()).put(b.getValue().getLong(0), b.getValue()));
    return object;
  }

  /** What was published to the partition, by base offset. */
  NavigableMap<Long, ByteBuffer> batches(PartitionId id) {
    return Objects.requireNonNull(model.get(id));
  }

  /** Everything at or above {@code logStart}, from random offsets and from one end to the other. */
  void readEverything(PartitionId id, long logStart) {
    NavigableMap<Long, ByteBuffer> batches = batches(id);
    long end = end(id);
    for (long offset = logStart; offset < end; ) {
      offset = readAt(batches, id, offset, 1 + random.nextInt(5000));
    }
    for (int i = 0; i < 5 && end > logStart; i++) {
      readAt(batches, id, logStart + random.nextLong(end - logStart), 1 + random.nextInt(5000));
    }
    assertThat(await(broker.reader.read(id, end, Long.MAX_VALUE, 1000, true)).bytes().remaining())
        .isZero();
  }

  private long readAt(
      NavigableMap<Long, ByteBuffer> batches, PartitionId id, long offset, int bytesMax) {
    ObjectReader.Lent lent = await(broker.reader.read(id, offset, Long.MAX_VALUE, bytesMax, true));
    ByteBuffer expected = ByteBuffer.allocate(lent.bytes().remaining());
    long next = Objects.requireNonNull(batches.floorKey(offset));
    while (expected.hasRemaining()) {
      ByteBuffer batch = Objects.requireNonNull(batches.get(next));
      expected.put(batch.duplicate());
      next = SampleBatches.end(batch);
    }
    assertThat(lent.bytes()).as("%s at %d", id, offset).isEqualTo(expected.flip());
    assertThat(lent.endOffset()).isEqualTo(next).isGreaterThan(offset);
    assertThat(lent.bytes().remaining())
        .isLessThanOrEqualTo(
            Math.max(
                bytesMax, Objects.requireNonNull(batches.floorEntry(offset)).getValue().limit()));
    lent.release().run();
    return next;
  }

  List<String> keys(String prefix) {
    return await(store.list(prefix, "", 100_000))
            instanceof ListOutcome.Keys(List<String> keys, boolean _)
        ? keys
        : List.of();
  }

  int unfinishedPuts(String prefix) {
    return await(store.unfinishedPuts(prefix)) instanceof UnfinishedOutcome.Puts(var puts)
        ? puts.size()
        : -1;
  }
}
