package io.millrace.broker;

import io.millrace.broker.api.Dispatcher;
import io.millrace.broker.cluster.ClusterView;
import io.millrace.broker.config.BrokerConfig;
import io.millrace.broker.config.NodeKeys;
import io.millrace.broker.handler.LogDirectory;
import io.millrace.objectstore.ObjectStore;
import io.millrace.objectstore.location.SharedStore;
import io.millrace.objectstore.location.StoreLocation;
import io.millrace.runtime.Environment;
import io.millrace.runtime.SystemThreads;
import io.millrace.storage.cluster.NodeIds;
import io.millrace.storage.cluster.PeerLink;
import io.millrace.storage.cluster.PeerService;
import io.millrace.storage.log.StorageEngine;
import io.millrace.storage.metadata.MetadataCorruptException;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataRecord.Endpoint;
import io.millrace.storage.recovery.WalCorruptException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One of many brokers on a shared store. The store's client and the way to the other brokers serve
 * all lives of the process; each life has its own threads, which end with it.
 */
final class SharedSite implements Site {
  private final Environment environment;
  private final BrokerConfig config;
  private final String version;
  private final StoreLocation location;
  private final Supplier<SystemThreads> threads;
  private final PeerLink link;
  private final ObjectStore store;
  private volatile @Nullable BrokerCore newest;

  /**
   * @param threads makes those of one life
   * @param link to the other brokers; closed by the caller
   * @throws StartException if the store lacks what only the operator can say
   */
  SharedSite(
      Environment environment,
      BrokerConfig config,
      String version,
      StoreLocation location,
      Supplier<SystemThreads> threads,
      PeerLink link)
      throws StartException {
    this.environment = environment;
    this.config = config;
    this.version = version;
    this.location = location;
    this.threads = threads;
    this.link = link;
    try {
      this.store = SharedStore.open(location, environment);
    } catch (IllegalArgumentException e) {
      throw new StartException("The store " + location + " cannot be used: " + e.getMessage(), e);
    }
  }

  @Override
  public boolean shared() {
    return true;
  }

  @Override
  public Life bear(List<Endpoint> endpoints) {
    SystemThreads ofThisLife = threads.get();
    Environment own =
        new Environment(
            environment.clock(), environment.randomness(), ofThisLife, environment.disk());
    StorageEngine storage =
        StorageEngine.onSharedStore(
            own,
            store,
            Settings.storage(config),
            Settings.shared(config, location),
            new NodeIds.Claim(
                config.givenNodeId(), endpoints, config.find(NodeKeys.BROKER_RACK), version),
            link);
    BrokerCore core = new BrokerCore(own, config, storage, LogDirectory.of(location));
    newest = core;
    return new WithThreads(core, ofThisLife);
  }

  /** A life whose threads end when it has ended. */
  private record WithThreads(BrokerCore core, SystemThreads threads) implements Life {
    @Override
    public CompletableFuture<Void> start() {
      return core.start();
    }

    @Override
    public CompletableFuture<Throwable> failure() {
      return core.failure();
    }

    @Override
    public CompletableFuture<Void> stop() {
      return core.stop().whenComplete((_, _) -> threads.close());
    }

    @Override
    public Dispatcher dispatcher() {
      return core.dispatcher();
    }

    @Override
    public PeerService peers() {
      return core.peers();
    }
  }

  /** What others did to an incarnation the process survives; damaged data nobody can survive. */
  @Override
  public boolean endsProcess(Throwable cause) {
    return cause instanceof MetadataCorruptException || cause instanceof WalCorruptException;
  }

  @Override
  public String describe() {
    return Optional.ofNullable(newest)
        .map(core -> core.storage().metadata())
        .map(this::describe)
        .orElse("store " + location);
  }

  private String describe(MetadataLog metadata) {
    return "node %d of cluster %s, store %s"
        .formatted(
            ClusterView.ownNodeId(metadata),
            metadata.image().clusterId().map(Object::toString).orElse("?"),
            location);
  }

  @Override
  public void close() {
    store.close();
  }
}
