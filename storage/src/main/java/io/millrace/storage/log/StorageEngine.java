package io.millrace.storage.log;

import io.millrace.objectstore.ObjectStore;
import io.millrace.objectstore.ObservedStore;
import io.millrace.runtime.Environment;
import io.millrace.runtime.EventLoop;
import io.millrace.storage.PartitionId;
import io.millrace.storage.WriterId;
import io.millrace.storage.cluster.Heard;
import io.millrace.storage.cluster.NodeIds;
import io.millrace.storage.cluster.PeerLink;
import io.millrace.storage.cluster.PeerService;
import io.millrace.storage.compaction.CompactionRules;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.ProducerIds;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.apache.kafka.common.errors.NotLeaderOrFollowerException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One incarnation of a broker's storage, from entering its home to the last published piece of its
 * log. Started and stopped once by the composition root. Any failure of the log or the metadata
 * ends it; a new incarnation is a new engine.
 */
public final class StorageEngine implements Partitions {
  private static final Logger LOG = LoggerFactory.getLogger(StorageEngine.class);
  private static final int BLOCKING_THREADS = 2;
  private static final int BLOCKING_TASKS_MAX = 64;

  private final Environment environment;
  private final ObjectStore store;
  private final StorageSettings settings;
  private final Home home;
  private final Executor blocking;
  private final EventLoop metadataLoop;
  private final CompletableFuture<Throwable> failure = new CompletableFuture<>();
  private final CompletableFuture<Void> endedWhole = new CompletableFuture<>();
  private volatile @Nullable Incarnation incarnation;
  private volatile boolean stopping;
  private @Nullable CompletableFuture<Void> stopped;

  private StorageEngine(
      Environment environment,
      ObjectStore store,
      StorageSettings settings,
      Home home,
      Executor blocking) {
    this.environment = environment;
    this.store = store;
    this.settings = settings;
    this.home = home;
    this.blocking = blocking;
    this.metadataLoop = environment.threads().eventLoop("metadata");
  }

  /**
   * A broker alone in its folder.
   *
   * @param store lies in the data folder and is not used by anybody before {@link #start}; closed
   *     by the caller after {@link #stop}
   */
  public static StorageEngine inFolder(
      Environment environment,
      ObjectStore store,
      StorageSettings settings,
      FolderSettings folder,
      BrokerIdentity identity) {
    Executor blocking = blocking(environment);
    Home home = new FolderHome(environment, folder, identity, blocking);
    return new StorageEngine(environment, store, settings, home, blocking);
  }

  /**
   * One broker of many on a shared store.
   *
   * @param claim how it wants to register
   * @param link reaches the others
   */
  public static StorageEngine onSharedStore(
      Environment environment,
      ObjectStore store,
      StorageSettings settings,
      SharedSettings shared,
      NodeIds.Claim claim,
      PeerLink link) {
    ObservedStore observed =
        new ObservedStore(store, environment.clock(), shared.cluster().sessionTimeoutNs() / 2);
    Home home = new SharedHome(environment, observed, shared, link, claim);
    return new StorageEngine(environment, observed, settings, home, blocking(environment));
  }

  private static Executor blocking(Environment environment) {
    return environment.threads().pool("storage-start", BLOCKING_THREADS, BLOCKING_TASKS_MAX);
  }

  /**
   * Enters the home, loads the metadata, registers, takes over what must be, opens a new log. Fails
   * with {@link UnusableStoreException} if the operator has to do something; {@link #stop} is right
   * after a failure too.
   */
  public CompletableFuture<Void> start() {
    return home.enter()
        .thenCompose(
            _ -> new IncarnationStart(environment, store, settings, home, metadataLoop).run())
        .thenAccept(this::run);
  }

  private void run(Incarnation started) {
    incarnation = started;
    started.wal().failure().thenAccept(this::end);
    started.metadata().ended().thenAccept(this::end);
    started.start();
  }

  /**
   * I11: nothing of the incarnation is acknowledged or committed after its log or its metadata have
   * failed.
   */
  private void end(Throwable cause) {
    Incarnation ended = incarnation;
    if (ended == null) {
      return;
    }
    var reason = new NotLeaderOrFollowerException("The incarnation is over.", cause);
    if (stopping) {
      endWhole(ended, reason); // by its own resignation, or a stop finds nothing to wait for
    } else if (failure.complete(cause)) {
      if (cause instanceof MetadataLog.IncarnationEndedException) {
        LOG.warn("The incarnation is over, nothing more is answered by it: {}", cause.getMessage());
      } else {
        LOG.error("The incarnation {} is over", ended.metadata().writer(), cause);
      }
      endWhole(ended, reason);
    }
  }

  private void endWhole(Incarnation ended, NotLeaderOrFollowerException reason) {
    try {
      ended.end(reason);
    } finally {
      endedWhole.complete(null);
    }
  }

  /** Publishes, leaves the home. Right at any time; idempotent. */
  public synchronized CompletableFuture<Void> stop() {
    if (stopped == null) {
      stopping = true; // what ends from here on was asked to
      Incarnation running = incarnation;
      CompletableFuture<?> published =
          running == null
              ? CompletableFuture.completedFuture(null)
              : failure.isDone() ? endedWhole : CompletableFuture.anyOf(running.stop(), endedWhole);
      stopped =
          published
              .thenAccept(_ -> {})
              .whenCompleteAsync(
                  (_, _) -> {
                    metadataLoop.close();
                    home.leave();
                  },
                  blocking);
    }
    return stopped;
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

  /** Answers other brokers on the store; declines while no incarnation serves. */
  public PeerService peers() {
    return home.peers();
  }

  /** Publishes all that is durable in the log now. */
  public CompletableFuture<Void> publish() {
    return running().wal().roll();
  }

  public ProducerIds producerIds() {
    return running().producerIds();
  }

  /**
   * Monotonic time without a write after which a producer is forgotten, from now on; empty: what
   * the settings say.
   */
  public void forgetProducersAfter(OptionalLong idleMsMax) {
    running().maintenance().forgetProducersAfter(idleMsMax);
  }

  /** Records of what is led here are deleted by these rules from now on; once. */
  public void retainBy(RetentionRules rules) {
    running().maintenance().retainBy(rules);
  }

  /** Topics are compacted by these rules from now on; once. */
  public void compactBy(CompactionRules rules) {
    running().maintenance().compactBy(rules);
  }

  /** What was last heard of the other registered brokers; nothing of a broker on its own. */
  public CompletableFuture<Map<WriterId, Heard>> heard() {
    return home.heard();
  }

  private Incarnation running() {
    Incarnation running = incarnation;
    if (running == null) {
      throw new IllegalStateException("the storage engine has not started");
    }
    return running;
  }
}
