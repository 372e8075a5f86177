package io.millrace.storage.log;

import io.millrace.objectstore.ObjectStore;
import io.millrace.runtime.Disk.DiskLock;
import io.millrace.runtime.Environment;
import io.millrace.runtime.EventLoop;
import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.ProducerIds;
import io.millrace.storage.wal.FileWal;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.apache.kafka.common.errors.NotLeaderOrFollowerException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One incarnation of a broker's storage, from the lock on its data folder to the last published WAL
 * file. Started and stopped once by the composition root. Any failure of the log or the metadata
 * ends it; a new incarnation is a new engine.
 */
public final class StorageEngine implements Partitions {
  private static final Logger LOG = LoggerFactory.getLogger(StorageEngine.class);
  private static final int BLOCKING_THREADS = 2;
  private static final int BLOCKING_TASKS_MAX = 64;

  private final Environment environment;
  private final ObjectStore store;
  private final StorageSettings settings;
  private final BrokerIdentity identity;
  private final DataFolder folder;
  private final Executor blocking;
  private final EventLoop metadataLoop;
  private final CompletableFuture<Throwable> failure = new CompletableFuture<>();
  private volatile @Nullable DiskLock lock;
  private volatile @Nullable Incarnation incarnation;
  private volatile boolean stopping;
  private @Nullable CompletableFuture<Void> stopped;

  /**
   * @param store lies in the data folder and is not used by anybody before {@link #start}; closed
   *     by the caller after {@link #stop}
   */
  public StorageEngine(
      Environment environment,
      ObjectStore store,
      StorageSettings settings,
      BrokerIdentity identity) {
    this.environment = environment;
    this.store = store;
    this.settings = settings;
    this.identity = identity;
    this.folder = new DataFolder(settings.dataFolder());
    this.blocking =
        environment.threads().pool("storage-start", BLOCKING_THREADS, BLOCKING_TASKS_MAX);
    this.metadataLoop = environment.threads().eventLoop("metadata");
  }

  /**
   * Locks the data folder, loads the metadata, registers, takes over what a former incarnation
   * left, opens a new log. Fails with {@link DataFolderException} if the operator has to do
   * something; {@link #stop} is right after a failure too.
   */
  public CompletableFuture<Void> start() {
    return CompletableFuture.supplyAsync(() -> folder.lock(environment.disk()), blocking)
        .thenCompose(held -> {
          lock = held;
          return new IncarnationStart(
                  environment, store, settings, identity, folder, blocking, metadataLoop)
              .run();
        })
        .thenAccept(this::run);
  }

  private void run(Incarnation started) {
    incarnation = started;
    started.wal().failure().thenAccept(this::end);
    started.metadata().ended().thenAccept(this::end);
    started.maintenance().start();
  }

  /**
   * I11: nothing of the incarnation is acknowledged or committed after its log or its metadata have
   * failed.
   */
  private void end(Throwable cause) {
    Incarnation ended = incarnation;
    if (ended == null || stopping || !failure.complete(cause)) {
      return;
    }
    LOG.error("The incarnation {} is over", ended.metadata().writer(), cause);
    ended.partitions().close(new NotLeaderOrFollowerException("The incarnation is over.", cause));
    ended.maintenance().close();
    ended.wal().close();
    ended.metadata().close();
  }

  /** Publishes, releases the data folder. Right at any time; idempotent. */
  public synchronized CompletableFuture<Void> stop() {
    if (stopped == null) {
      stopping = true; // what ends from here on was asked to
      Incarnation running = incarnation;
      CompletableFuture<Void> published =
          running == null || failure.isDone()
              ? CompletableFuture.completedFuture(null)
              : running.stop();
      stopped = published.whenCompleteAsync((_, _) -> release(), blocking);
    }
    return stopped;
  }

  private void release() {
    metadataLoop.close();
    DiskLock held = lock;
    if (held != null) {
      try {
        held.close();
      } catch (IOException e) {
        LOG.warn("The lock of {} cannot be released", settings.dataFolder(), e);
      }
    }
  }

  /**
   * Completes with the cause when the incarnation has ended by itself; never after {@link #stop}.
   */
  public CompletableFuture<Throwable> failure() {
    return failure;
  }

  @Override
  public CompletableFuture<PartitionLog> open(PartitionId id) {
    return running().partitions().open(id);
  }

  @Override
  public @Nullable PartitionLog ifOpen(PartitionId id) {
    return running().partitions().ifOpen(id);
  }

  public MetadataLog metadata() {
    return running().metadata();
  }

  public ProducerIds producerIds() {
    return running().producerIds();
  }

  /** For its counters. */
  public FileWal wal() {
    return running().wal();
  }

  private Incarnation running() {
    Incarnation running = incarnation;
    if (running == null) {
      throw new IllegalStateException("the storage engine has not started");
    }
    return running;
  }
}
