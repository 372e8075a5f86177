package io.millrace.broker;

import io.millrace.broker.api.ApiFeatures;
import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.ApiTable;
import io.millrace.broker.api.Dispatcher;
import io.millrace.broker.api.RequestCounters;
import io.millrace.broker.config.BrokerConfig;
import io.millrace.broker.config.TopicConfigs;
import io.millrace.broker.handler.LogDirectory;
import io.millrace.coordinator.ShardRegistry;
import io.millrace.coordinator.group.GroupCoordinator;
import io.millrace.coordinator.group.GroupShard;
import io.millrace.runtime.Environment;
import io.millrace.runtime.EventLoop;
import io.millrace.storage.cluster.PeerService;
import io.millrace.storage.log.StorageEngine;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataLog;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.apache.kafka.common.Uuid;
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
  private final BrokerConfig config;
  private final StorageEngine storage;
  private final LogDirectory logDirectory;
  private final RequestCounters counters = new RequestCounters();
  private volatile @Nullable GroupCoordinator groups;
  private volatile @Nullable Dispatcher dispatcher;

  /**
   * @param storage not started; its store is closed by the caller after {@link #stop}
   * @param logDirectory what DescribeLogDirs tells of
   */
  public BrokerCore(
      Environment environment,
      BrokerConfig config,
      StorageEngine storage,
      LogDirectory logDirectory) {
    this.environment = environment;
    this.config = config;
    this.storage = storage;
    this.logDirectory = logDirectory;
  }

  /** Completes when requests may be served; fails as {@link StorageEngine#start} does. */
  @Override
  public CompletableFuture<Void> start() {
    return storage.start().thenRun(this::compose);
  }

  private void compose() {
    MetadataLog metadata = storage.metadata();
    EventLoop groupsLoop = environment.threads().eventLoop("groups");
    ShardRegistry<GroupShard> shards =
        new ShardRegistry<>(
            groupsLoop,
            environment.clock(),
            storage,
            () ->
                new GroupShard(
                    Settings.groups(config), environment.clock(), environment.randomness()));
    GroupCoordinator coordinator = new GroupCoordinator(shards, metadata::image);
    metadata.addListener((before, after) -> tellDeletedTopics(coordinator, before, after));
    Executor blocking =
        environment.threads().pool("blocking", BLOCKING_THREADS, BLOCKING_TASKS_MAX);
    TopicConfigs topicConfigs = new TopicConfigs(config);
    List<ApiHandler<?>> handlers =
        new Handlers(
                environment, config, topicConfigs, storage, coordinator, logDirectory, blocking)
            .all();
    groups = coordinator;
    dispatcher = new Dispatcher(new ApiTable(handlers, ApiFeatures.NONE), counters);
  }

  private static void tellDeletedTopics(
      GroupCoordinator coordinator, MetadataImage before, MetadataImage after) {
    if (before.sameTopics(after)) {
      return;
    }
    for (Uuid id : before.topics().keySet()) {
      if (after.topic(id) == null) {
        coordinator.topicDeleted(id);
      }
    }
  }

  @Override
  public Dispatcher dispatcher() {
    Dispatcher present = dispatcher;
    if (present == null) {
      throw new IllegalStateException("the broker has not started");
    }
    return present;
  }

  public StorageEngine storage() {
    return storage;
  }

  public RequestCounters counters() {
    return counters;
  }

  @Override
  public PeerService peers() {
    return storage.peers();
  }

  @Override
  public CompletableFuture<Throwable> failure() {
    return storage.failure();
  }

  /** Publishes what is in the log and leaves the store. */
  @Override
  public CompletableFuture<Void> stop() {
    GroupCoordinator coordinator = groups;
    if (coordinator != null) {
      coordinator.close();
    }
    return storage.stop();
  }
}
