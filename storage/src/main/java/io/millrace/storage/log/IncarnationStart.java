package io.millrace.storage.log;

import io.millrace.objectstore.ObjectStore;
import io.millrace.objectstore.StoreProbe;
import io.millrace.objectstore.StoreProbe.ProbeOutcome;
import io.millrace.runtime.Environment;
import io.millrace.runtime.EventLoop;
import io.millrace.runtime.Randomness;
import io.millrace.storage.PartitionId;
import io.millrace.storage.RandomUuid;
import io.millrace.storage.WriterId;
import io.millrace.storage.cache.BlockCache;
import io.millrace.storage.cache.ChunkPool;
import io.millrace.storage.cache.LogCache;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataRecord.IncarnationRegistered;
import io.millrace.storage.metadata.NewerVersionException;
import io.millrace.storage.metadata.ProducerIds;
import io.millrace.storage.metadata.Registration;
import io.millrace.storage.metadata.StoredMetadataLog;
import io.millrace.storage.object.Checkpointer;
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
import io.millrace.storage.object.PartitionSummary;
import io.millrace.storage.recovery.FileLogRecovery;
import io.millrace.storage.recovery.Takeover;
import io.millrace.storage.recovery.WalRecovery;
import io.millrace.storage.recovery.WalSeal;
import io.millrace.storage.wal.FileWal;
import io.millrace.storage.wal.SpareFiles;
import io.millrace.storage.wal.WalFolder;
import io.millrace.storage.wal.WalPublisher;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.errors.NotLeaderOrFollowerException;

/** Brings a new incarnation to life; the caller holds the lock of the data folder. */
final class IncarnationStart {
  private static final long MERGE_BYTES_PER_SECOND_MAX = 1L << 30;
  private static final long SYNC_NS_WITHOUT_HASTE_MAX = TimeUnit.MILLISECONDS.toNanos(25);

  private final Environment environment;
  private final ObjectStore store;
  private final StorageSettings settings;
  private final BrokerIdentity identity;
  private final DataFolder folder;
  private final Executor blocking;
  private final EventLoop metadataLoop;

  IncarnationStart(
      Environment environment,
      ObjectStore store,
      StorageSettings settings,
      BrokerIdentity identity,
      DataFolder folder,
      Executor blocking,
      EventLoop metadataLoop) {
    this.environment = environment;
    this.store = store;
    this.settings = settings;
    this.identity = identity;
    this.folder = folder;
    this.blocking = blocking;
    this.metadataLoop = metadataLoop;
  }

  CompletableFuture<Incarnation> run() {
    Randomness randomness = environment.randomness();
    CompletableFuture<ProbeOutcome> probe =
        new StoreProbe(store, randomness, StoreProbe.RACERS_LOCAL).run();
    CompletableFuture<SpareFiles> spares =
        CompletableFuture.supplyAsync(this::openSpares, blocking);
    WriterId writer = new WriterId(randomness.nextLong(), randomness.nextLong());
    return StoredMetadataLog.load(
            store,
            metadataLoop,
            environment.clock(),
            randomness,
            writer,
            settings.boundarySpacing())
        .exceptionallyCompose(this::explain)
        .thenCombine(probe, this::checked)
        .thenCompose(log ->
            register(log)
                .thenCompose(_ -> takeover(log).runAll())
                .thenCombine(spares, (_, found) -> compose(log, found)));
  }

  /** The lock keeps every former incarnation of this folder from writing. */
  private Takeover takeover(MetadataLog log) {
    WalRecovery recovery = new WalRecovery(environment.disk(), new WalFolder(folder.store()));
    return new Takeover(log, WalSeal.HELD_LOCK, new FileLogRecovery(recovery, blocking));
  }

  private SpareFiles openSpares() {
    try {
      return SpareFiles.open(
          environment.disk(),
          folder.spares(),
          settings.spareFilesMax(),
          settings.wal().fileBytes(),
          settings.diskReserveBytes());
    } catch (IOException e) {
      throw new DataFolderException(
          "The data folder %s cannot be used: %s".formatted(settings.dataFolder(), e), e);
    }
  }

  private CompletableFuture<MetadataLog> explain(Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    return CompletableFuture.failedFuture(
        cause instanceof NewerVersionException ? folder.newer(cause) : cause);
  }

  private MetadataLog checked(MetadataLog log, ProbeOutcome probe) {
    String problem =
        switch (probe) {
          case ProbeOutcome.Passed _ -> null;
          case ProbeOutcome.Refused(String check, String found) ->
              "it failed the check that %s: %s".formatted(check, found);
          case ProbeOutcome.NoAnswer(String reason) -> reason;
        };
    if (problem != null) {
      throw new DataFolderException(
          "The data folder %s cannot be used as a store: %s. Use a local file system."
              .formatted(settings.dataFolder(), problem),
          null);
    }
    int version = log.image().formatVersion();
    if (version > Registration.FORMAT_VERSION) {
      throw folder.newer(
          new NewerVersionException(
              "format %d, this is %d".formatted(version, Registration.FORMAT_VERSION)));
    }
    return log;
  }

  private CompletableFuture<Registration> register(MetadataLog log) {
    return Registration.register(
        log,
        new IncarnationRegistered(
            log.writer(),
            identity.nodeId(),
            identity.endpoints(),
            identity.rack(),
            identity.version()),
        RandomUuid.next(environment.randomness()));
  }

  private Incarnation compose(MetadataLog metadata, SpareFiles spares) {
    ObjectPins pins = new ObjectPins();
    FooterCache footers = new FooterCache(store, metadata, pins, settings.footerCacheBytes());
    ObjectCatalog catalog = new ObjectCatalog(metadata, footers);
    ObjectReader reader =
        new ObjectReader(
            store, metadata, catalog, new BlockCache(settings.blockCacheBytes()), pins);
    PartitionOpener opener = new PartitionOpener(catalog, store, environment.clock());
    FileWal wal =
        new FileWal(
            settings.wal(),
            metadata.writer(),
            environment,
            new WalFolder(folder.store()),
            spares,
            new LogCache(new ChunkPool(settings.logCacheChunkBytes(), settings.logCacheBytes())),
            new WalPublisher(metadata));
    TailReader tailReader = new TailReader(wal.reader()::read);
    OpenPartitions partitions =
        new OpenPartitions(
            metadata,
            id ->
                opener
                    .open(id)
                    .thenApply(summary -> open(metadata, id, summary, reader, wal, tailReader)),
            settings.opensMax());
    EventLoop loop = environment.threads().eventLoop("storage");
    Checkpointer checkpointer =
        new Checkpointer(
            store, metadata, footers, opener, loop, environment.clock(), partitions::published);
    GarbageCollector collector = new GarbageCollector(store, metadata, loop, pins, wal::release);
    Maintenance maintenance =
        new Maintenance(
            environment,
            settings,
            loop,
            metadata,
            footers,
            partitions,
            merger(metadata, footers, wal),
            checkpointer,
            collector);
    metadata.addListener(partitions::onImage);
    metadata.addListener(maintenance::onImage);
    wal.start();
    return new Incarnation(metadata, new ProducerIds(metadata), wal, partitions, maintenance);
  }

  private Merger merger(MetadataLog metadata, FooterCache footers, FileWal wal) {
    return new Merger(
        store,
        metadata,
        footers,
        environment.threads().eventLoop("merge"),
        MergeSettings.of(settings.walBacklogBytesMax()),
        new MergePace(
            MERGE_BYTES_PER_SECOND_MAX, wal.counters()::recentSyncNs, SYNC_NS_WITHOUT_HASTE_MAX),
        new MergeCounters());
  }

  private OpenPartition open(
      MetadataLog metadata,
      PartitionId id,
      PartitionSummary summary,
      ObjectReader reader,
      FileWal wal,
      TailReader tailReader) {
    Partition partition = metadata.image().partition(id);
    if (partition == null) {
      throw new NotLeaderOrFollowerException(id + " is no longer there.");
    }
    long nowNs = environment.clock().monotonicNs();
    long end = Math.max(summary.end(), partition.logStart());
    StoredPartitionLog.Opened opened =
        new StoredPartitionLog.Opened(
            id,
            partition.leaderEpoch(),
            partition.logStart(),
            end,
            new EpochHistory(summary.epochs(), partition.leaderEpoch(), end),
            new ProducerStates(summary.producers(TimeUnit.NANOSECONDS.toMillis(nowNs)), nowNs));
    return new OpenPartition(
        new StoredPartitionLog(
            opened, new ObjectHistory(id, reader), wal, tailReader, environment.clock()),
        summary);
  }
}
