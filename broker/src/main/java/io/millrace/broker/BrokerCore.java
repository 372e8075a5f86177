package io.millrace.broker;

import io.millrace.broker.api.Admission;
import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.ApiTable;
import io.millrace.broker.api.Dispatcher;
import io.millrace.broker.api.RequestCounters;
import io.millrace.broker.cluster.BrokerLink;
import io.millrace.broker.cluster.ClusterView;
import io.millrace.broker.cluster.FeatureLevels;
import io.millrace.broker.cluster.ImageWaits;
import io.millrace.broker.cluster.LogDirectory;
import io.millrace.broker.cluster.Policies;
import io.millrace.broker.config.BrokerConfig;
import io.millrace.broker.config.GroupKeys;
import io.millrace.broker.config.LiveConfig;
import io.millrace.broker.config.LoggerLevels;
import io.millrace.broker.config.NodeKeys;
import io.millrace.broker.config.ResourceConfigs;
import io.millrace.broker.handler.WriteTxnMarkersHandler;
import io.millrace.broker.quota.ClientQuotas;
import io.millrace.broker.quota.RequestThrottle;
import io.millrace.coordinator.ShardKeeper;
import io.millrace.coordinator.ShardRegistry;
import io.millrace.coordinator.group.GroupCoordinator;
import io.millrace.coordinator.group.GroupShard;
import io.millrace.objectstore.ObjectStore;
import io.millrace.runtime.Environment;
import io.millrace.runtime.EventLoop;
import io.millrace.runtime.ScopedThreads;
import io.millrace.storage.cluster.NodeIds;
import io.millrace.storage.cluster.PeerLink;
import io.millrace.storage.cluster.PeerService;
import io.millrace.storage.log.BrokerIdentity;
import io.millrace.storage.log.FolderSettings;
import io.millrace.storage.log.SharedSettings;
import io.millrace.storage.log.StorageEngine;
import io.millrace.storage.log.StorageSettings;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataRecord.Endpoint;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * One life of a broker without its sockets: storage, coordinators, handlers. The composition root
 * of everything that is the same in a process and in the simulation. Started and stopped once; any
 * thread may call.
 */
public final class BrokerCore implements Life {
  private static final int BLOCKING_THREADS = 1;
  private static final int BLOCKING_TASKS_MAX = 256;

  private final Environment environment;
  private final ScopedThreads threads;
  private final BrokerConfig config;
  private final StorageEngine storage;
  private final BrokerLink brokers;
  private final LogDirectory logDirectory;
  private final LoggerLevels loggers;
  private final RequestCounters counters = new RequestCounters();
  private volatile @Nullable GroupCoordinator groups;
  private volatile @Nullable Transactions transactions;
  private volatile @Nullable ShardKeeper groupsKeeper;
  private volatile @Nullable ImageWaits waits;
  private volatile @Nullable Policies policies;
  private volatile @Nullable Dispatcher dispatcher;
  private volatile @Nullable Admission admission;

  private BrokerCore(
      Environment environment,
      ScopedThreads threads,
      BrokerConfig config,
      StorageEngine storage,
      BrokerLink brokers,
      LogDirectory logDirectory,
      LoggerLevels loggers) {
    this.environment = environment;
    this.threads = threads;
    this.config = config;
    this.storage = storage;
    this.brokers = brokers;
    this.logDirectory = logDirectory;
    this.loggers = loggers;
  }

  /**
   * A broker alone in its folder.
   *
   * @param store in that folder; closed by the caller after {@link #stop}
   * @param endpoints advertised addresses, one per listener
   */
  public static BrokerCore inFolder(
      Environment process,
      BrokerConfig config,
      ObjectStore store,
      StorageSettings settings,
      FolderSettings folder,
      List<Endpoint> endpoints,
      String version,
      LoggerLevels loggers) {
    ScopedThreads threads = new ScopedThreads(process.threads());
    Environment life = process.with(threads);
    BrokerIdentity identity =
        new BrokerIdentity(config.nodeId(), endpoints, config.find(NodeKeys.BROKER_RACK), version);
    return new BrokerCore(
        life,
        threads,
        config,
        StorageEngine.inFolder(life, store, settings, folder, identity),
        BrokerLink.NONE,
        LogDirectory.folder(process.disk(), folder.dataFolder()),
        loggers);
  }

  /**
   * One broker of many on a shared store, which outlasts it as the links to the others do.
   *
   * @param endpoints advertised addresses, one per listener
   */
  public static BrokerCore onSharedStore(
      Environment process,
      BrokerConfig config,
      ObjectStore store,
      StorageSettings settings,
      SharedSettings shared,
      PeerLink link,
      BrokerLink brokers,
      List<Endpoint> endpoints,
      String version,
      LoggerLevels loggers) {
    ScopedThreads threads = new ScopedThreads(process.threads());
    Environment life = process.with(threads);
    NodeIds.Claim claim =
        new NodeIds.Claim(
            config.givenNodeId(), endpoints, config.find(NodeKeys.BROKER_RACK), version);
    return new BrokerCore(
        life,
        threads,
        config,
        StorageEngine.onSharedStore(life, store, settings, shared, claim, link),
        brokers,
        LogDirectory.sharedStore(shared.location()),
        loggers);
  }

  /** Completes when requests may be served; fails as {@link StorageEngine#start} does. */
  @Override
  public CompletableFuture<Void> start() {
    return storage.start().thenRun(this::compose);
  }

  private void compose() {
    MetadataLog metadata = storage.metadata();
    ResourceConfigs configs = ResourceConfigs.of(config, ClusterView.ownNodeId(metadata), loggers);
    Policies asked = Policies.of(config);
    policies = asked;
    EventLoop groupsLoop = environment.threads().eventLoop("groups");
    ShardRegistry<GroupShard> shards =
        new ShardRegistry<>(
            groupsLoop,
            environment.clock(),
            storage,
            log ->
                new GroupShard(
                    Settings.groups(config),
                    group -> configs.groups().ofConsumers(metadata.image(), group),
                    log,
                    environment.clock(),
                    environment.randomness(),
                    metadata::image));
    GroupCoordinator coordinator = new GroupCoordinator(shards, metadata::image);
    ShardKeeper keeper = new ShardKeeper(groupsLoop, metadata, GroupCoordinator.TOPIC, shards);
    keeper.start();
    metadata.addListener((before, after) -> tellDeletedTopics(coordinator, before, after));
    Executor blocking =
        environment.threads().pool("blocking", BLOCKING_THREADS, BLOCKING_TASKS_MAX);
    ClientQuotas quotas =
        new ClientQuotas(metadata::image, environment.clock(), Settings.quotas(config));
    LiveConfig live = new LiveConfig(config, ClusterView.ownNodeId(metadata), metadata::image);
    metadata.addListener((_, _) -> followProducerExpiration(live));
    followProducerExpiration(live);
    storage.retainBy(new TopicRetention(configs.topics(), live));
    storage.compactBy(new TopicCompaction(configs.topics(), live));
    ImageWaits imageWaits = new ImageWaits(metadata, environment.threads().eventLoop("waits"));
    WriteTxnMarkersHandler markers =
        new WriteTxnMarkersHandler(metadata::image, storage, coordinator::onTransactionCompleted);
    Transactions ofTransactions = new Transactions(environment, config, storage, brokers, markers);
    List<ApiHandler<?>> handlers =
        new Handlers(
                environment,
                config,
                configs,
                asked,
                storage,
                coordinator,
                ofTransactions,
                imageWaits,
                quotas,
                logDirectory,
                blocking)
            .all();
    groups = coordinator;
    transactions = ofTransactions;
    groupsKeeper = keeper;
    waits = imageWaits;
    admission = new LiveAdmission(live, quotas, blocking);
    dispatcher =
        new Dispatcher(
            new ApiTable(handlers, () -> FeatureLevels.advertised(metadata.image())),
            counters,
            new RequestThrottle(quotas, environment.clock()));
    ofTransactions.start();
  }

  private void followProducerExpiration(LiveConfig live) {
    int ms = live.get(GroupKeys.PRODUCER_ID_EXPIRATION_MS);
    storage.forgetProducersAfter(
        ms == config.get(GroupKeys.PRODUCER_ID_EXPIRATION_MS)
            ? OptionalLong.empty()
            : OptionalLong.of(ms));
  }

  private static void tellDeletedTopics(
      GroupCoordinator coordinator, MetadataImage before, MetadataImage after) {
    if (!before.sameTopics(after)
        && before.topics().keySet().stream().anyMatch(id -> after.topic(id) == null)) {
      coordinator.topicDeleted();
    }
  }

  /** After {@link #start}. */
  @Override
  public Dispatcher dispatcher() {
    Dispatcher present = dispatcher;
    if (present == null) {
      throw new IllegalStateException("the broker has not started");
    }
    return present;
  }

  /** Who may connect. After {@link #start}. */
  Admission admission() {
    return Objects.requireNonNull(admission);
  }

  @Override
  public PeerService peers() {
    return storage.peers();
  }

  public StorageEngine storage() {
    return storage;
  }

  public RequestCounters counters() {
    return counters;
  }

  /** Completes with what ended this life by itself; never after {@link #stop}. */
  @Override
  public CompletableFuture<Throwable> failure() {
    return storage.failure();
  }

  /** Publishes what is in the log, lets go of the folder or resigns, and ends its loops. */
  @Override
  public CompletableFuture<Void> stop() {
    ShardKeeper keeper = groupsKeeper;
    if (keeper != null) {
      keeper.close();
    }
    GroupCoordinator coordinator = groups;
    if (coordinator != null) {
      coordinator.close();
    }
    Transactions ofTransactions = transactions;
    if (ofTransactions != null) {
      ofTransactions.close();
    }
    ImageWaits present = waits;
    if (present != null) {
      present.close();
    }
    Policies asked = policies;
    if (asked != null) {
      asked.close();
    }
    return storage.stop().whenComplete((_, _) -> threads.close());
  }
}
