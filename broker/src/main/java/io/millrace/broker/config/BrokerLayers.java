package io.millrace.broker.config;

import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataRecord.ConfigScope;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What gives a broker's key its value on one image, in Kafka's order of precedence: the broker's
 * dynamic value, the cluster's default, file or command line, the key's default. A stored value
 * that is none of its key, which another version may have written, is passed over.
 */
final class BrokerLayers {
  private final Map<ConfigSource, Function<ConfigKey<?>, @Nullable String>> layers =
      new EnumMap<>(ConfigSource.class);

  BrokerLayers(
      BrokerConfig start, Map<String, String> ofBroker, Map<String, String> clusterDefault) {
    layers.put(ConfigSource.DYNAMIC_BROKER, key -> dynamic(key, ofBroker));
    layers.put(
        ConfigSource.DYNAMIC_CLUSTER_DEFAULT, key -> clusterDefault(start, key, clusterDefault));
    layers.put(ConfigSource.STATIC, start::given);
    layers.put(ConfigSource.DEFAULT, ConfigKey::defaultText);
  }

  static BrokerLayers of(BrokerConfig start, int nodeId, MetadataImage image) {
    return new BrokerLayers(
        start,
        image.configs(ConfigScope.BROKER, Integer.toString(nodeId)),
        image.configs(ConfigScope.CLUSTER_DEFAULT, ""));
  }

  /** Without anything that is stored. */
  static BrokerLayers ofStart(BrokerConfig start) {
    return new BrokerLayers(start, Map.of(), Map.of());
  }

  private static @Nullable String dynamic(ConfigKey<?> key, Map<String, String> stored) {
    String text = key.dynamic() == ConfigKey.Dynamic.NO ? null : stored.get(key.name());
    return text == null || key.problem(text) != null ? null : text;
  }

  /**
   * Kafka stores min.insync.replicas as the cluster's default when a cluster begins, and its tools
   * show that.
   */
  private static @Nullable String clusterDefault(
      BrokerConfig start, ConfigKey<?> key, Map<String, String> stored) {
    String text = key.dynamic() == ConfigKey.Dynamic.PER_BROKER ? null : dynamic(key, stored);
    return text == null && key == LogKeys.MIN_INSYNC_REPLICAS
        ? start.get(LogKeys.MIN_INSYNC_REPLICAS).toString()
        : text;
  }

  /** From the one that goes first to the default; the functions give null where nothing is said. */
  void forEach(BiConsumer<ConfigSource, Function<ConfigKey<?>, @Nullable String>> visitor) {
    layers.forEach(visitor);
  }

  /** The text in effect. */
  Optional<String> text(ConfigKey<?> key) {
    return layers.values().stream()
        .flatMap(layer -> Optional.ofNullable(layer.apply(key)).stream())
        .findFirst();
  }

  /**
   * Every value that is said, the one in effect first. Of several keys that stand for one another,
   * as Kafka shows them: only from the first one that has the first key's name.
   */
  List<ConfigEntry.Synonym> synonyms(List<ConfigKey<?>> keys) {
    List<ConfigEntry.Synonym> synonyms = new ArrayList<>();
    layers.forEach((source, layer) -> {
      for (ConfigKey<?> key : keys) {
        String text = layer.apply(key);
        if (text != null && (key == keys.getFirst() || !synonyms.isEmpty())) {
          synonyms.add(new ConfigEntry.Synonym(key.name(), key.sensitive() ? null : text, source));
        }
      }
    });
    return synonyms;
  }
}
