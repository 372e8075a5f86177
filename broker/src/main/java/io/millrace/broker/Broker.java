package io.millrace.broker;

import io.millrace.broker.api.ApiErrors;
import io.millrace.broker.api.Dispatcher;
import io.millrace.broker.config.BrokerConfig;
import io.millrace.broker.config.ConfigLoader;
import io.millrace.broker.config.Listener;
import io.millrace.broker.config.LoggerLevels;
import io.millrace.broker.network.NetworkCounters;
import io.millrace.broker.network.NetworkServer;
import io.millrace.objectstore.location.StoreLocation;
import io.millrace.runtime.Environment;
import io.millrace.storage.cluster.NodeIds;
import io.millrace.storage.log.UnusableStoreException;
import io.millrace.storage.metadata.MetadataCorruptException;
import io.millrace.storage.metadata.MetadataRecord.Endpoint;
import io.millrace.storage.recovery.WalCorruptException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A broker in this process: configuration, sockets, and the {@link BrokerLives} of a {@link
 * BrokerCore} on the machine's clock, threads and files. Ports are taken before anything is
 * registered and clients let in when the core has started.
 */
public final class Broker implements RunningBroker {
  private static final Logger LOG = LoggerFactory.getLogger(Broker.class);
  private static final long STOP_SECONDS_MAX = 30;
  private static final long EXIT_AFTER_FAILURE_SECONDS_MAX = 5;

  private final Environment environment;
  private final long processStartNs;
  private final NetworkServer network;
  private final Births births;
  private final BrokerLives lives;
  private final List<Listener> wanted;
  private volatile @Nullable BrokerCore core;
  private List<Listener> listeners = List.of();
  private List<Endpoint> endpoints = List.of();
  private String readyLine = "";
  private boolean stopped;

  private Broker(
      Environment environment, BrokerConfig config, LoggerLevels loggers, long processStartNs)
      throws StartException {
    this.environment = environment;
    this.processStartNs = processStartNs;
    this.wanted = config.listeners();
    this.network =
        new NetworkServer(
            Settings.network(config),
            new NetworkCounters(environment.clock()),
            environment.clock());
    Optional<StoreLocation> store = config.store();
    this.births =
        store.isPresent()
            ? new SharedStoreBirths(environment, config, version(), loggers, store.get())
            : new FolderBirths(environment, config, version(), loggers);
    this.lives =
        new BrokerLives(
            environment.threads().eventLoop("lives"),
            environment.clock(),
            this::next,
            new Doors(),
            births::endsProcess);
  }

  /**
   * Starts a broker; returns when clients are let in.
   *
   * @param loggers of this process
   * @throws StartException with everything that is wrong and what to do about it
   */
  public static RunningBroker start(BrokerOptions options, LoggerLevels loggers)
      throws StartException {
    Environment environment = ProcessOptions.environment();
    ConfigLoader.Loaded loaded = ProcessOptions.load(options, environment);
    loaded.notices().forEach(LOG::info);
    BrokerConfig config = loaded.config();
    Broker broker = new Broker(environment, config, loggers, options.processStartNs());
    try {
      broker.run();
      return broker;
    } catch (StartException | RuntimeException e) {
      broker.stop();
      throw e;
    }
  }

  private void run() throws StartException {
    listeners = network.bind(wanted);
    endpoints =
        listeners.stream()
            .map(l ->
                new Endpoint(
                    l.name(), l.advertisedHost(), l.advertisedPort(), l.securityProtocol()))
            .toList();
    if (births instanceof SharedStoreBirths) {
      network.openToPeers(lives);
    }
    await(lives.start());
    readyLine = describe();
  }

  /** On the loop of the lives. */
  private BrokerCore next() {
    BrokerCore next = births.next(endpoints);
    core = next;
    return next;
  }

  private final class Doors implements BrokerLives.Doors {
    @Override
    public void open(Dispatcher dispatcher) {
      network.open(dispatcher, Objects.requireNonNull(core).admission());
    }

    @Override
    public void close() {
      network.closeClients();
    }
  }

  private static void await(CompletableFuture<Void> starting) throws StartException {
    try {
      starting.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StartException("The start was interrupted.", e);
    } catch (ExecutionException e) {
      Throwable cause = ApiErrors.unwrap(e);
      if (cause instanceof UnusableStoreException
          || cause instanceof NodeIds.NodeIdInUseException
          || cause instanceof MetadataCorruptException
          || cause instanceof WalCorruptException) {
        throw new StartException(String.valueOf(cause.getMessage()), e);
      }
      LOG.error("The start failed", cause);
      throw new StartException("The broker cannot start: " + cause, e);
    }
  }

  private String describe() {
    StringBuilder addresses = new StringBuilder();
    for (Listener listener : listeners) {
      addresses.append(addresses.isEmpty() ? "" : ", ").append(listener.name()).append("://");
      addresses.append(listener.advertisedHost()).append(':').append(listener.advertisedPort());
    }
    long readyMs =
        TimeUnit.NANOSECONDS.toMillis(environment.clock().monotonicNs() - processStartNs);
    return "Millrace is ready: %s, %s, %d ms after process start"
        .formatted(addresses, births.where(Objects.requireNonNull(core)), readyMs);
  }

  private static String version() {
    String version = Broker.class.getPackage().getImplementationVersion();
    return version == null ? "unpackaged" : version;
  }

  @Override
  public String readyLine() {
    return readyLine;
  }

  @Override
  public CompletableFuture<Throwable> failure() {
    return lives.failure();
  }

  @Override
  public synchronized void stop() {
    if (stopped) {
      return;
    }
    stopped = true;
    network.letNoMoreIn();
    stop(lives.failure().isDone() ? EXIT_AFTER_FAILURE_SECONDS_MAX : STOP_SECONDS_MAX);
    network.close();
    births.close();
  }

  private void stop(long secondsMax) {
    try {
      lives.stop().get(secondsMax, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      // the next start, or another broker, recovers what could not be published
      LOG.warn("The log could not be published in time; it will be recovered", e);
    }
  }
}
