package io.millrace.storage.log;

import io.millrace.objectstore.ObjectStore;
import io.millrace.objectstore.StoreProbe;
import io.millrace.objectstore.StoreProbe.ProbeOutcome;
import io.millrace.runtime.Environment;
import io.millrace.runtime.EventLoop;
import io.millrace.runtime.FailureCause;
import io.millrace.runtime.Randomness;
import io.millrace.storage.Backoff;
import io.millrace.storage.Keys;
import io.millrace.storage.WriterId;
import io.millrace.storage.cache.BlockCache;
import io.millrace.storage.cache.ChunkPool;
import io.millrace.storage.cache.LentMemory;
import io.millrace.storage.cache.LogCache;
import io.millrace.storage.log.Home.OpenLog;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.NewerVersionException;
import io.millrace.storage.metadata.ProducerIds;
import io.millrace.storage.metadata.Registration;
import io.millrace.storage.metadata.StoredMetadataLog;
import io.millrace.storage.object.Checkpointer;
import io.millrace.storage.object.DamageLog;
import io.millrace.storage.object.FooterCache;
import io.millrace.storage.object.GarbageCollector;
import io.millrace.storage.object.MergeCounters;
import io.millrace.storage.object.MergePace;
import io.millrace.storage.object.MergeSettings;
import io.millrace.storage.object.Merger;
import io.millrace.storage.object.ObjectCatalog;
import io.millrace.storage.object.ObjectPins;
import io.millrace.storage.object.ObjectReader;
import io.millrace.storage.object.PartitionOpener;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Brings a new incarnation to life in its home, which it has entered. */
final class IncarnationStart {
  private static final long MERGE_BYTES_PER_SECOND_MAX = 1L << 30;
  private static final long PROBE_NS_MAX = TimeUnit.SECONDS.toNanos(30);
  private static final long WRITE_NS_WITHOUT_HASTE_MAX = TimeUnit.MILLISECONDS.toNanos(25);

  private final Environment environment;
  private final ObjectStore store;
  private final StorageSettings settings;
  private final Home home;
  private final EventLoop metadataLoop;

  IncarnationStart(
      Environment environment,
      ObjectStore store,
      StorageSettings settings,
      Home home,
      EventLoop metadataLoop) {
    this.environment = environment;
    this.store = store;
    this.settings = settings;
    this.home = home;
    this.metadataLoop = metadataLoop;
  }

  CompletableFuture<Incarnation> run() {
    Randomness randomness = environment.randomness();
    WriterId writer = new WriterId(randomness.nextLong(), randomness.nextLong());
    CompletableFuture<Void> probed =
        probe(writer, 0, new Backoff(randomness), environment.clock().monotonicNs())
            .thenAccept(this::checkUsable);
    CompletableFuture<MetadataLog> loaded =
        StoredMetadataLog.load(
                store,
                metadataLoop,
                environment.clock(),
                randomness,
                writer,
                settings.boundarySpacing(),
                home.scribe(writer))
            .exceptionallyCompose(this::explain);
    // a store that cannot be used may keep the load waiting for ever
    return probed
        .thenCompose(_ -> loaded)
        .thenApply(this::readable)
        .thenCompose(log -> home.join(log).thenCompose(_ -> open(log)));
  }

  /** Until the store has answered, or long has not. */
  private CompletableFuture<ProbeOutcome> probe(
      WriterId writer, long counter, Backoff backoff, long sinceNs) {
    return new StoreProbe(
            store,
            environment.clock(),
            Keys.probe(writer, counter),
            Keys.probe(writer, counter + 1),
            home.probeRacers())
        .run()
        .thenCompose(outcome -> {
          if (!(outcome instanceof ProbeOutcome.NoAnswer)
              || environment.clock().monotonicNs() - sinceNs >= PROBE_NS_MAX) {
            return CompletableFuture.completedFuture(outcome);
          }
          CompletableFuture<Void> waited = new CompletableFuture<>();
          metadataLoop.schedule(backoff.nextNs(), () -> waited.complete(null));
          return waited.thenCompose(_ -> probe(writer, counter + 2, backoff, sinceNs));
        });
  }

  private CompletableFuture<MetadataLog> explain(Throwable failure) {
    Throwable cause = FailureCause.of(failure);
    return CompletableFuture.failedFuture(
        cause instanceof NewerVersionException ? home.newer(cause) : cause);
  }

  private void checkUsable(ProbeOutcome probe) {
    switch (probe) {
      case ProbeOutcome.Passed _ -> {}
      case ProbeOutcome.Refused(String check, String found) ->
          throw home.unusable("it failed the check that %s: %s".formatted(check, found));
      case ProbeOutcome.NoAnswer(String reason) -> throw home.unusable(reason);
    }
  }

  private MetadataLog readable(MetadataLog log) {
    int version = log.image().formatVersion();
    if (version > Registration.FORMAT_VERSION) {
      throw home.newer(
          new NewerVersionException(
              "format %d, this is %d".formatted(version, Registration.FORMAT_VERSION)));
    }
    return log;
  }

  private CompletableFuture<Incarnation> open(MetadataLog metadata) {
    ChunkPool pool = new ChunkPool(settings.logCacheChunkBytes(), settings.logCacheBytes());
    return home.open(metadata, new LogCache(pool)).thenApply(log -> compose(metadata, log));
  }

  private Incarnation compose(MetadataLog metadata, OpenLog log) {
    ObjectPins pins = new ObjectPins();
    DamageLog damage = new DamageLog();
    FooterCache footers = new FooterCache(store, metadata, pins, settings.footerCacheBytes());
    ObjectCatalog catalog = new ObjectCatalog(metadata, footers);
    ObjectReader reader =
        new ObjectReader(
            store, metadata, catalog, new BlockCache(settings.blockCacheBytes()), pins, damage);
    PartitionOpener opener = new PartitionOpener(catalog, store, environment.clock());
    TailReader tailReader =
        new TailReader(
            log.reads(),
            new LentMemory(
                Math.min(
                    BlockCache.LENT_FACTOR * settings.blockCacheBytes(),
                    Runtime.getRuntime().maxMemory() / 4))); // it is memory of the heap
    PartitionStart partitionStart =
        new PartitionStart(metadata, opener, reader, log.wal(), tailReader, environment.clock());
    OpenPartitions partitions =
        new OpenPartitions(metadata, partitionStart::open, settings.opensMax(), damage);
    EventLoop loop = environment.threads().eventLoop("storage");
    Checkpointer checkpointer =
        new Checkpointer(
            store, metadata, footers, opener, loop, environment.clock(), partitions, damage);
    Merger merger =
        merger(new Merger.Access(store, metadata, footers, pins, catalog, reader, opener), log);
    Maintenance maintenance =
        new Maintenance(
            environment,
            settings,
            loop,
            metadata,
            footers,
            partitions,
            merger,
            checkpointer,
            new GarbageCollector(store, metadata, loop, environment.clock(), pins, log.garbage()),
            new Retention(metadata, reader, partitions, loop, environment.clock()),
            new CompactionFeeder(
                metadata,
                catalog,
                partitions,
                () ->
                    log.wal()
                        .roll()
                        .thenCompose(_ -> checkpointer.checkpoint())
                        .thenRun(merger::mergeLevelZero),
                loop,
                environment.clock()),
            new CompactedTails(footers, partitions, loop));
    Handovers handovers =
        new Handovers(metadata, partitions, log.wal(), maintenance::checkpoint, loop);
    metadata.addListener(partitions::onImage);
    metadata.addListener(maintenance::onImage);
    metadata.addListener(checkpointer::onImage);
    metadata.addListener(handovers::onImage);
    return new Incarnation(
        home, metadata, new ProducerIds(metadata), log.wal(), partitions, maintenance, handovers);
  }

  private Merger merger(Merger.Access access, OpenLog log) {
    return new Merger(
        access,
        environment.randomness(),
        environment.clock(),
        environment.threads().eventLoop("merge"),
        MergeSettings.of(settings.walBacklogBytesMax()),
        new MergePace(MERGE_BYTES_PER_SECOND_MAX, log.recentWriteNs(), WRITE_NS_WITHOUT_HASTE_MAX),
        new MergeCounters());
  }
}
