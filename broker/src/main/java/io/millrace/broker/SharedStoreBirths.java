package io.millrace.broker;

import io.millrace.broker.config.BrokerConfig;
import io.millrace.broker.config.LoggerLevels;
import io.millrace.broker.network.PeerConnections;
import io.millrace.objectstore.ObjectStore;
import io.millrace.objectstore.location.SharedStore;
import io.millrace.objectstore.location.StoreLocation;
import io.millrace.runtime.Environment;
import io.millrace.storage.metadata.MetadataCorruptException;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataRecord.Endpoint;
import io.millrace.storage.metadata.NewerVersionException;
import java.util.List;
import org.apache.kafka.common.Uuid;

/**
 * A broker on a shared store lives again when an incarnation was taken from it; the store's
 * connections and those to other brokers outlast its lives.
 */
final class SharedStoreBirths implements Births {
  private static final int NAME_THREADS = 1;
  private static final int NAMES_WAITING_MAX = 1000;

  private final Environment environment;
  private final BrokerConfig config;
  private final String version;
  private final LoggerLevels loggers;
  private final StoreLocation location;
  private final ObjectStore store;
  private final PeerConnections peers;

  /**
   * @throws StartException if the location lacks what only the operator can say
   */
  SharedStoreBirths(
      Environment environment,
      BrokerConfig config,
      String version,
      LoggerLevels loggers,
      StoreLocation location)
      throws StartException {
    this.environment = environment;
    this.config = config;
    this.version = version;
    this.loggers = loggers;
    this.location = location;
    try {
      this.store = SharedStore.open(location, environment);
    } catch (IllegalArgumentException e) {
      throw new StartException("The store " + location + " cannot be used: " + e.getMessage(), e);
    }
    this.peers =
        new PeerConnections(
            environment.threads().pool("peer-names", NAME_THREADS, NAMES_WAITING_MAX));
  }

  @Override
  public BrokerCore next(List<Endpoint> endpoints) {
    return BrokerCore.onSharedStore(
        environment,
        config,
        store,
        Settings.storage(config),
        Settings.shared(config, location),
        peers,
        peers,
        endpoints,
        version,
        loggers);
  }

  /** What is stored cannot be read, by this version at least. */
  @Override
  public boolean endsProcess(Throwable cause) {
    return cause instanceof MetadataCorruptException || cause instanceof NewerVersionException;
  }

  @Override
  public String where(BrokerCore ready) {
    MetadataLog metadata = ready.storage().metadata();
    MetadataImage image = metadata.image();
    Incarnation own = image.incarnations().get(metadata.writer());
    return "node %s of cluster %s, store %s"
        .formatted(
            own == null ? "?" : own.nodeId(),
            image.clusterId().map(Uuid::toString).orElse("?"),
            location);
  }

  @Override
  public void close() {
    peers.close();
    store.close();
  }
}
