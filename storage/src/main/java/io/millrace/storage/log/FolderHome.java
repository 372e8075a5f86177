package io.millrace.storage.log;

import io.millrace.objectstore.StoreProbe;
import io.millrace.runtime.Disk.DiskLock;
import io.millrace.runtime.Environment;
import io.millrace.storage.RandomUuid;
import io.millrace.storage.WriterId;
import io.millrace.storage.cache.LogCache;
import io.millrace.storage.cluster.Heard;
import io.millrace.storage.cluster.PeerReply;
import io.millrace.storage.cluster.PeerService;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataRecord.IncarnationRegistered;
import io.millrace.storage.metadata.Registration;
import io.millrace.storage.metadata.Scribe;
import io.millrace.storage.object.WalGarbage;
import io.millrace.storage.recovery.FileLogRecovery;
import io.millrace.storage.recovery.Takeover;
import io.millrace.storage.recovery.WalRecovery;
import io.millrace.storage.recovery.WalSeal;
import io.millrace.storage.wal.FileWal;
import io.millrace.storage.wal.SpareFiles;
import io.millrace.storage.wal.WalFolder;
import io.millrace.storage.wal.WalPublisher;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A broker alone in its data folder: the exclusive lock keeps every former incarnation from
 * writing, so it fences and recovers them before it serves anything.
 */
final class FolderHome implements Home {
  private static final Logger LOG = LoggerFactory.getLogger(FolderHome.class);

  private final Environment environment;
  private final FolderSettings settings;
  private final BrokerIdentity identity;
  private final DataFolder folder;
  private final Executor blocking;
  private volatile @Nullable CompletableFuture<SpareFiles> spares;
  private volatile @Nullable DiskLock lock;

  FolderHome(
      Environment environment,
      FolderSettings settings,
      BrokerIdentity identity,
      Executor blocking) {
    this.environment = environment;
    this.settings = settings;
    this.identity = identity;
    this.folder = new DataFolder(settings.dataFolder());
    this.blocking = blocking;
  }

  @Override
  public CompletableFuture<Void> enter() {
    return CompletableFuture.supplyAsync(() -> folder.lock(environment.disk()), blocking)
        .thenAccept(held -> {
          lock = held;
          // beside the metadata, which takes as long to read
          spares = CompletableFuture.supplyAsync(this::openSpares, blocking);
        });
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
      throw new UnusableStoreException(
          "The data folder %s cannot be used: %s".formatted(settings.dataFolder(), e), e);
    }
  }

  @Override
  public int probeRacers() {
    return StoreProbe.RACERS_LOCAL;
  }

  @Override
  public Scribe scribe(WriterId writer) {
    return Scribe.NONE;
  }

  @Override
  public CompletableFuture<Void> join(MetadataLog metadata) {
    Optional<Incarnation> former = Optional.ofNullable(metadata.image().broker(identity.nodeId()));
    WalRecovery recovery = new WalRecovery(environment.disk(), new WalFolder(folder.store()));
    Takeover takeover =
        new Takeover(metadata, WalSeal.HELD_LOCK, new FileLogRecovery(recovery, blocking));
    return Registration.register(
            metadata,
            new IncarnationRegistered(
                metadata.writer(),
                identity.nodeId(),
                former.map(Incarnation::writer),
                identity.endpoints(),
                identity.rack(),
                identity.version()),
            RandomUuid.next(environment.randomness()))
        .thenCompose(_ -> takeover.runAll());
  }

  @Override
  public CompletableFuture<OpenLog> open(MetadataLog metadata, LogCache cache) {
    CompletableFuture<SpareFiles> opened = spares;
    if (opened == null) {
      throw new IllegalStateException("the data folder is not entered");
    }
    return opened.thenApply(files -> open(metadata, cache, files));
  }

  private OpenLog open(MetadataLog metadata, LogCache cache, SpareFiles files) {
    FileWal wal =
        new FileWal(
            settings.wal(),
            metadata.writer(),
            environment,
            new WalFolder(folder.store()),
            files,
            cache,
            new WalPublisher(metadata));
    wal.start();
    return new OpenLog(
        wal, wal.reader()::read, wal.counters()::recentSyncNs, new WalGarbage.Files(wal::release));
  }

  @Override
  public PeerService peers() {
    return _ ->
        CompletableFuture.completedFuture(
            new PeerReply.Declined("this broker is alone in its folder"));
  }

  @Override
  public CompletableFuture<Map<WriterId, Heard>> heard() {
    return CompletableFuture.completedFuture(Map.of());
  }

  @Override
  public void serving(MetadataLog metadata) {}

  @Override
  public CompletableFuture<Void> giveUp(Handovers handovers) {
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public CompletableFuture<Void> resign(MetadataLog metadata) {
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public void leave() {
    DiskLock held = lock;
    if (held != null) {
      try {
        held.close();
      } catch (IOException e) {
        LOG.warn("The lock of {} cannot be released", settings.dataFolder(), e);
      }
    }
  }

  @Override
  public RuntimeException unusable(String problem) {
    return new UnusableStoreException(
        "The data folder %s cannot be used as a store: %s. Use a local file system."
            .formatted(settings.dataFolder(), problem),
        null);
  }

  @Override
  public RuntimeException newer(Throwable cause) {
    return folder.newer(cause);
  }
}
