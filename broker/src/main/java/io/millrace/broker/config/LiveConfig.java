package io.millrace.broker.config;

import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataRecord.ConfigScope;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/**
 * The broker's configuration as it is now: what it was started with under what was changed since.
 * One per life of the broker; any thread may call. Values are parsed once per change of the
 * broker's configs, so that a reader may ask each time.
 */
public final class LiveConfig {
  private final BrokerConfig start;
  private final String nodeId;
  private final Supplier<MetadataImage> image;
  private volatile Values values;

  public LiveConfig(BrokerConfig start, int nodeId, Supplier<MetadataImage> image) {
    this.start = start;
    this.nodeId = Integer.toString(nodeId);
    this.image = image;
    this.values = new Values(start, Map.of(), Map.of());
  }

  /**
   * The value in effect.
   *
   * @throws IllegalStateException if there is none
   */
  @SuppressWarnings("unchecked") // what the key itself parsed
  public <T> T get(ConfigKey<T> key) {
    return (T) current().of(key);
  }

  // The same maps mean that nothing has changed; comparing contents would cost more than it saves.
  @SuppressWarnings("ReferenceEquality")
  private Values current() {
    MetadataImage now = image.get();
    Map<String, String> ofBroker = now.configs(ConfigScope.BROKER, nodeId);
    Map<String, String> clusterDefault = now.configs(ConfigScope.CLUSTER_DEFAULT, "");
    Values present = values;
    if (present.ofBroker != ofBroker || present.clusterDefault != clusterDefault) {
      present = new Values(start, ofBroker, clusterDefault);
      values = present;
    }
    return present;
  }

  /** Parsed values on one state of the stored configs. */
  private static final class Values {
    private final Map<String, String> ofBroker;
    private final Map<String, String> clusterDefault;
    private final BrokerLayers layers;
    private final Map<ConfigKey<?>, Object> parsed = new ConcurrentHashMap<>();

    Values(BrokerConfig start, Map<String, String> ofBroker, Map<String, String> clusterDefault) {
      this.ofBroker = ofBroker;
      this.clusterDefault = clusterDefault;
      this.layers = new BrokerLayers(start, ofBroker, clusterDefault);
    }

    Object of(ConfigKey<?> key) {
      Object known = parsed.get(key);
      return known != null ? known : parsed.computeIfAbsent(key, this::parse);
    }

    private Object parse(ConfigKey<?> key) {
      return layers
          .text(key)
          .<Object>map(key::parse)
          .orElseThrow(() -> new IllegalStateException(key + " is unset"));
    }
  }
}
