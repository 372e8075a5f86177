package io.millrace.broker;

import io.millrace.broker.api.ApiErrors;
import io.millrace.broker.config.BrokerConfig;
import io.millrace.broker.config.ConfigLoader;
import io.millrace.broker.config.Listener;
import io.millrace.broker.config.NodeKeys;
import io.millrace.broker.config.StartOptions;
import io.millrace.broker.network.NetworkCounters;
import io.millrace.broker.network.NetworkServer;
import io.millrace.objectstore.DirectoryStore;
import io.millrace.runtime.Environment;
import io.millrace.runtime.SystemClock;
import io.millrace.runtime.SystemDisk;
import io.millrace.runtime.SystemRandomness;
import io.millrace.runtime.SystemThreads;
import io.millrace.storage.log.BrokerIdentity;
import io.millrace.storage.log.DataFolderException;
import io.millrace.storage.log.StorageEngine;
import io.millrace.storage.metadata.MetadataCorruptException;
import io.millrace.storage.metadata.MetadataRecord.Endpoint;
import io.millrace.storage.recovery.WalCorruptException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A broker in this process: configuration, sockets and one {@link BrokerCore} on the machine's
 * clock, threads and files. Ports are taken before anything is registered and clients let in when
 * the core has started.
 */
public final class Broker implements RunningBroker {
  private static final Logger LOG = LoggerFactory.getLogger(Broker.class);
  private static final int STORE_THREADS = 4;
  private static final int STORE_TASKS_MAX = 4096;
  private static final long STOP_SECONDS_MAX = 30;
  private static final long EXIT_AFTER_FAILURE_SECONDS_MAX = 5;

  private final Environment environment;
  private final BrokerConfig config;
  private final Path dataFolder;
  private final long processStartNs;
  private final NetworkServer network;
  private final DirectoryStore store;
  private final CompletableFuture<Throwable> failure = new CompletableFuture<>();
  private @Nullable BrokerCore core;
  private List<Listener> listeners = List.of();
  private String readyLine = "";
  private boolean stopped;

  private Broker(Environment environment, BrokerConfig config, long processStartNs)
      throws StartException {
    this.environment = environment;
    this.config = config;
    this.dataFolder = config.dataDirectory().toAbsolutePath().normalize();
    this.processStartNs = processStartNs;
    this.network =
        new NetworkServer(
            Settings.network(config),
            new NetworkCounters(environment.clock()),
            environment.clock());
    Executor storeThreads = environment.threads().pool("store", STORE_THREADS, STORE_TASKS_MAX);
    this.store = new DirectoryStore(environment.disk(), storeThreads, dataFolder);
  }

  /**
   * Starts a broker; returns when clients are let in.
   *
   * @throws StartException with everything that is wrong and what to do about it
   */
  public static RunningBroker start(BrokerOptions options) throws StartException {
    Environment environment =
        new Environment(
            new SystemClock(),
            new SystemRandomness(),
            new SystemThreads((name, bug) -> LOG.error("A task failed thread={}", name, bug)),
            new SystemDisk());
    StartOptions given =
        StartOptions.of(
            options.config(),
            options.sets(),
            options.listen(),
            options.data(),
            options.store(),
            System.getenv(),
            environment.disk());
    BrokerConfig config =
        switch (ConfigLoader.load(given)) {
          case ConfigLoader.Refused refused -> throw new StartException(refused.lines());
          case ConfigLoader.Loaded loaded -> {
            loaded.notices().forEach(LOG::info);
            yield loaded.config();
          }
        };
    Broker broker = new Broker(environment, config, options.processStartNs());
    try {
      broker.run();
      return broker;
    } catch (StartException | RuntimeException e) {
      broker.stop();
      throw e;
    }
  }

  private void run() throws StartException {
    listeners = network.bind(config.listeners());
    List<Endpoint> endpoints =
        listeners.stream()
            .map(l ->
                new Endpoint(
                    l.name(), l.advertisedHost(), l.advertisedPort(), l.securityProtocol()))
            .toList();
    BrokerCore started =
        new BrokerCore(
            environment,
            config,
            StorageEngine.inFolder(
                environment,
                store,
                Settings.storage(config),
                Settings.folder(config, dataFolder),
                new BrokerIdentity(
                    config.nodeId(), endpoints, config.find(NodeKeys.BROKER_RACK), version())),
            dataFolder);
    core = started;
    await(started);
    started.failure().thenAccept(this::onFailure);
    network.open(started.dispatcher());
    readyLine = describe();
  }

  private void await(BrokerCore starting) throws StartException {
    try {
      starting.start().get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StartException("The start was interrupted.", e);
    } catch (ExecutionException e) {
      Throwable cause = ApiErrors.unwrap(e);
      if (cause instanceof DataFolderException
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
    return "Millrace is ready: %s, data in %s, %d ms after process start"
        .formatted(addresses, dataFolder, readyMs);
  }

  private static String version() {
    String version = Broker.class.getPackage().getImplementationVersion();
    return version == null ? "unpackaged" : version;
  }

  private void onFailure(Throwable cause) {
    failure.complete(cause);
  }

  @Override
  public String readyLine() {
    return readyLine;
  }

  @Override
  public CompletableFuture<Throwable> failure() {
    return failure;
  }

  @Override
  public synchronized void stop() {
    if (stopped) {
      return;
    }
    stopped = true;
    network.closeListeners();
    BrokerCore running = core;
    if (running != null) {
      boolean failed = running.failure().isDone();
      stop(running, failed ? EXIT_AFTER_FAILURE_SECONDS_MAX : STOP_SECONDS_MAX);
    }
    network.close();
    store.close();
  }

  private static void stop(BrokerCore running, long secondsMax) {
    try {
      running.stop().get(secondsMax, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      // the next start recovers what could not be published
      LOG.warn("The log could not be published in time; the next start recovers it", e);
    }
  }
}
