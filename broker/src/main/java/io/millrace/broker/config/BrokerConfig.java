package io.millrace.broker.config;

import io.millrace.objectstore.location.StoreLocation;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What one broker was told at its start, checked and typed; immutable. {@link ConfigLoader} makes
 * it.
 */
public final class BrokerConfig {
  private final ConfigValues values;
  private final List<Listener> listeners;

  BrokerConfig(ConfigValues values, List<Listener> listeners) {
    this.values = values;
    this.listeners = List.copyOf(listeners);
  }

  /**
   * Values by key name over the defaults, for embedding and tests.
   *
   * @throws IllegalArgumentException with all problems
   */
  public static BrokerConfig of(Map<String, String> values) {
    List<String> overrides =
        values.entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).toList();
    return switch (ConfigLoader.load(StartOptions.ofOverrides(overrides))) {
      case ConfigLoader.Loaded loaded -> loaded.config();
      case ConfigLoader.Refused refused ->
          throw new IllegalArgumentException(String.join("; ", refused.lines()));
    };
  }

  /**
   * The value given, else the default.
   *
   * @throws IllegalStateException if there is neither
   */
  public <T> T get(ConfigKey<T> key) {
    return values.get(key);
  }

  /** The value given, else the default, if there is one. */
  public <T> Optional<T> find(ConfigKey<T> key) {
    return values.find(key);
  }

  /** Whether file or command line gave a value. */
  public boolean isSet(ConfigKey<?> key) {
    return values.isSet(key);
  }

  /** The text that was given; null if none was. */
  public @Nullable String given(ConfigKey<?> key) {
    Setting setting = values.setting(key.name());
    return setting == null ? null : setting.value();
  }

  /** Everything that was given, by name, as plug-ins are handed it. */
  public Map<String, String> texts() {
    return values.texts();
  }

  /** To be opened, in the order given; at least one. */
  public List<Listener> listeners() {
    return listeners;
  }

  public int nodeId() {
    int brokerId = get(NodeKeys.BROKER_ID);
    return isSet(NodeKeys.NODE_ID) || brokerId < 0 ? get(NodeKeys.NODE_ID) : brokerId;
  }

  /** Empty if none was given: with a shared store one is claimed. */
  public OptionalInt givenNodeId() {
    return isSet(NodeKeys.NODE_ID) || get(NodeKeys.BROKER_ID) >= 0
        ? OptionalInt.of(nodeId())
        : OptionalInt.empty();
  }

  /** The store shared by the brokers of the cluster; empty for a broker alone in its folder. */
  public Optional<StoreLocation> store() {
    return find(MillraceKeys.STORE).map(store -> ConfigRules.location(values, store));
  }

  /** The listener at which other brokers reach this one. */
  public String interBrokerListener() {
    return find(ClusterKeys.INTER_BROKER_LISTENER_NAME)
        .map(name -> name.toUpperCase(Locale.ROOT))
        .orElseGet(() -> listeners.getFirst().name());
  }

  /** Of a broker without a shared store. */
  public Path dataDirectory() {
    return Path.of(find(NodeKeys.LOG_DIRS).orElseGet(() -> get(NodeKeys.LOG_DIR)).getFirst());
  }

  /** Bytes of requests read and not yet answered; always a limit. */
  public long queuedRequestBytesMax() {
    long given = get(NetworkKeys.QUEUED_MAX_REQUEST_BYTES);
    return given > 0 ? given : get(MillraceKeys.NETWORK_QUEUED_BYTES_MAX);
  }

  /**
   * Limit per address where it is not {@link NetworkKeys#MAX_CONNECTIONS_PER_IP}, by host as given.
   */
  public Map<String, Integer> connectionsPerIpOverrides() {
    return HostLimits.parse(get(NetworkKeys.MAX_CONNECTIONS_PER_IP_OVERRIDES)).stream()
        .collect(Collectors.toUnmodifiableMap(HostLimits.Entry::host, HostLimits.Entry::limit));
  }

  /** What was given, with other texts for some keys, for checks of keys against each other. */
  ConfigValues with(Map<String, String> texts) {
    return values.with(texts);
  }
}
