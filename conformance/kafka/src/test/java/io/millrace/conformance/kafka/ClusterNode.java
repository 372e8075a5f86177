package io.millrace.conformance.kafka;

import io.millrace.broker.Broker;
import io.millrace.broker.BrokerOptions;
import io.millrace.broker.RunningBroker;
import io.millrace.broker.StartException;
import io.millrace.broker.config.LoggerLevels;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A broker of a cluster for one test; keeps its node id, port and settings when it is stopped and
 * started again.
 */
final class ClusterNode {
  private final int id;
  private final int port;
  private final Optional<String> store;
  private final Map<String, String> settings;
  private @Nullable RunningBroker running;

  /**
   * @param store that it shares with others
   */
  ClusterNode(int id, int port, Optional<String> store, Map<String, String> settings) {
    this.id = id;
    this.port = port;
    this.store = store;
    this.settings = new TreeMap<>(settings);
  }

  int id() {
    return id;
  }

  int port() {
    return port;
  }

  Map<String, String> settings() {
    return Map.copyOf(settings);
  }

  synchronized boolean isRunning() {
    return running != null;
  }

  /** Returns when clients are let in. */
  synchronized void start() {
    if (running != null) {
      return;
    }
    List<String> sets =
        settings.entrySet().stream().map(set -> set.getKey() + "=" + set.getValue()).toList();
    try {
      running =
          Broker.start(
              new BrokerOptions(
                  Optional.empty(),
                  Optional.empty(),
                  store,
                  Optional.empty(),
                  sets,
                  System.nanoTime()),
              LoggerLevels.NONE);
    } catch (StartException e) {
      throw new IllegalStateException("Broker " + id + " cannot start: " + e.getMessage(), e);
    }
  }

  synchronized void stop() {
    if (running != null) {
      running.stop();
      running = null;
    }
  }
}
