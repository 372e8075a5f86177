package io.millrace.broker.config;

import io.millrace.broker.config.TopicKeys.BehindIt;
import io.millrace.broker.config.TopicKeys.TopicKey;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.ConfigResource;
import io.millrace.storage.metadata.MetadataRecord.ConfigScope;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;

/**
 * The configs of topics: a topic's own value goes before the broker's dynamic one, that before the
 * cluster's default, then the broker's file and the key's default. Any thread may call; settings
 * are cached until the configs of the image change.
 */
public final class TopicConfigs {
  private final BrokerConfig broker;
  private final String nodeId;
  private final Map<Uuid, Cached> cache = new ConcurrentHashMap<>();

  public TopicConfigs(BrokerConfig broker) {
    this.broker = broker;
    this.nodeId = Integer.toString(broker.nodeId());
  }

  private record Cached(Map<ConfigResource, ?> configs, TopicSettings settings) {}

  // The same map means that no config has changed; comparing contents would cost more than the
  // cache saves.
  @SuppressWarnings("ReferenceEquality")
  private static boolean isCurrent(Cached cached, MetadataImage image) {
    return cached.configs() == image.configs();
  }

  /**
   * What is in effect for the topic on this image; of a topic it does not hold, what the broker's
   * keys give.
   */
  public TopicSettings settings(MetadataImage image, Uuid topicId) {
    Cached cached = cache.get(topicId);
    if (cached != null && isCurrent(cached, image)) {
      return cached.settings();
    }
    if (cache.size() > 2 * image.topics().size() + 100) {
      cache.clear();
    }
    TopicSettings settings = settings(layers(image, topicId));
    cache.put(topicId, new Cached(image.configs(), settings));
    return settings;
  }

  /** What would be in effect for a topic with these configs, which have no {@link #problem}. */
  public TopicSettings settings(MetadataImage image, Map<String, String> topicConfigs) {
    return settings(layers(image, topicConfigs));
  }

  /**
   * Why a topic cannot have these configs, in Kafka's words; null if it can. For INVALID_CONFIG.
   */
  public @Nullable String problem(Map<String, @Nullable String> topicConfigs) {
    List<String> nulls = new ArrayList<>();
    for (Map.Entry<String, @Nullable String> config : topicConfigs.entrySet()) {
      if (config.getValue() == null) {
        nulls.add(config.getKey());
      }
    }
    if (!nulls.isEmpty()) {
      return "Null value not supported for topic configs: " + String.join(",", nulls);
    }
    for (String name : topicConfigs.keySet()) {
      if (TopicKeys.find(name) == null) {
        return "Unknown topic config name: " + name;
      }
    }
    for (TopicKey<?> key : TopicKeys.all()) {
      String text = topicConfigs.get(key.key().name());
      String problem = text == null ? null : key.key().problem(text);
      if (problem != null) {
        return problem;
      }
    }
    return conflict(topicConfigs);
  }

  private @Nullable String conflict(Map<String, @Nullable String> topicConfigs) {
    long minLag = given(topicConfigs, TopicKeys.MIN_COMPACTION_LAG_MS);
    long maxLag = given(topicConfigs, TopicKeys.MAX_COMPACTION_LAG_MS);
    if (minLag > maxLag) {
      return "conflict topic config setting min.compaction.lag.ms ("
          + minLag
          + ") > max.compaction.lag.ms ("
          + maxLag
          + ")";
    }
    return given(topicConfigs, TopicKeys.REMOTE_STORAGE_ENABLE)
        ? "Tiered Storage functionality is disabled in the broker."
            + " Topic cannot be configured with remote log storage."
        : null;
  }

  /** The topic's own value, else what the broker's file and defaults give. */
  private <T> T given(Map<String, @Nullable String> topicConfigs, TopicKey<T> key) {
    String text = topicConfigs.get(key.key().name());
    Layers layers =
        new Layers(text == null ? Map.of() : Map.of(key.key().name(), text), Map.of(), Map.of());
    return layers.value(key);
  }

  /** The text a list key of the topic has before it is appended to. */
  String effectiveText(MetadataImage image, Map<String, String> topicConfigs, TopicKey<?> key) {
    return ConfigType.format(layers(image, topicConfigs).value(key));
  }

  /** All keys as DescribeConfigs shows them for the topic, by name. */
  public List<ConfigEntry> describe(MetadataImage image, Uuid topicId) {
    return describe(layers(image, topicId));
  }

  /** The same for a topic about to be created with these configs. */
  public List<ConfigEntry> describe(MetadataImage image, Map<String, String> topicConfigs) {
    return describe(layers(image, topicConfigs));
  }

  private List<ConfigEntry> describe(Layers layers) {
    List<ConfigEntry> entries = new ArrayList<>();
    for (TopicKey<?> topicKey : TopicKeys.all()) {
      ConfigKey<?> key = topicKey.key();
      if (!key.internal() || layers.topic.containsKey(key.name())) {
        List<ConfigEntry.Synonym> synonyms = layers.shownSynonyms(topicKey);
        entries.add(
            new ConfigEntry(
                key.name(),
                ConfigType.format(layers.value(topicKey)),
                synonyms.isEmpty() ? ConfigSource.DEFAULT : synonyms.getFirst().source(),
                false,
                false,
                synonyms,
                key.type(),
                key.doc()));
      }
    }
    return entries;
  }

  private static TopicSettings settings(Layers layers) {
    List<String> policy = layers.value(TopicKeys.CLEANUP_POLICY);
    return new TopicSettings(
        layers.value(TopicKeys.MAX_MESSAGE_BYTES),
        layers.value(TopicKeys.TIMESTAMP_TYPE).equals("LogAppendTime"),
        layers.value(TopicKeys.TIMESTAMP_BEFORE_MAX_MS),
        layers.value(TopicKeys.TIMESTAMP_AFTER_MAX_MS),
        layers.value(TopicKeys.COMPRESSION_TYPE),
        layers.value(TopicKeys.GZIP_LEVEL),
        layers.value(TopicKeys.LZ4_LEVEL),
        layers.value(TopicKeys.ZSTD_LEVEL),
        policy.contains("compact"),
        policy.contains("delete"),
        layers.value(TopicKeys.RETENTION_MS),
        layers.value(TopicKeys.RETENTION_BYTES),
        layers.value(TopicKeys.DELETE_RETENTION_MS),
        layers.value(TopicKeys.MIN_COMPACTION_LAG_MS),
        layers.value(TopicKeys.MAX_COMPACTION_LAG_MS));
  }

  private Layers layers(MetadataImage image, Uuid topicId) {
    return layers(image, image.configs(ConfigScope.TOPIC, topicId.toString()));
  }

  private Layers layers(MetadataImage image, Map<String, String> topicConfigs) {
    return new Layers(
        topicConfigs,
        image.configs(ConfigScope.BROKER, nodeId),
        image.configs(ConfigScope.CLUSTER_DEFAULT, ""));
  }

  /** Stored values above the broker's own. */
  private final class Layers {
    private final Map<String, String> topic;
    private final Map<ConfigSource, Function<ConfigKey<?>, @Nullable String>> brokerLayers =
        new EnumMap<>(ConfigSource.class);

    Layers(
        Map<String, String> topic,
        Map<String, String> dynamicBroker,
        Map<String, String> clusterDefault) {
      this.topic = topic;
      brokerLayers.put(ConfigSource.DYNAMIC_BROKER, key -> dynamicBroker.get(key.name()));
      brokerLayers.put(
          ConfigSource.DYNAMIC_CLUSTER_DEFAULT, key -> clusterDefault(key, clusterDefault));
      brokerLayers.put(ConfigSource.STATIC, broker::given);
      brokerLayers.put(ConfigSource.DEFAULT, ConfigKey::defaultText);
    }

    /**
     * Kafka stores min.insync.replicas as the cluster's default when a cluster begins, and its
     * tools show that.
     */
    private @Nullable String clusterDefault(ConfigKey<?> key, Map<String, String> stored) {
      String value = stored.get(key.name());
      return value == null && key == LogKeys.MIN_INSYNC_REPLICAS
          ? broker.get(LogKeys.MIN_INSYNC_REPLICAS).toString()
          : value;
    }

    <T> T value(TopicKey<T> topicKey) {
      ConfigKey<T> key = topicKey.key();
      String own = topic.get(key.name());
      if (own != null) {
        return key.parse(own);
      }
      for (Function<ConfigKey<?>, @Nullable String> layer : brokerLayers.values()) {
        for (BehindIt behind : topicKey.behindIt()) {
          String text = layer.apply(behind.brokerKey());
          if (text != null) {
            return key.parse(behind.topicText(text));
          }
        }
      }
      T defaultValue = key.defaultValue();
      if (defaultValue == null) {
        throw new IllegalStateException(key + " is unset");
      }
      return defaultValue;
    }

    /**
     * As Kafka shows them: broker keys only from the first one that has the topic key's own unit.
     */
    List<ConfigEntry.Synonym> shownSynonyms(TopicKey<?> topicKey) {
      List<ConfigEntry.Synonym> synonyms = new ArrayList<>();
      brokerLayers.forEach((source, layer) -> {
        for (BehindIt behind : topicKey.behindIt()) {
          String text = layer.apply(behind.brokerKey());
          boolean first = behind.equals(topicKey.behindIt().getFirst());
          if (text != null && (first || !synonyms.isEmpty())) {
            synonyms.add(new ConfigEntry.Synonym(behind.brokerKey().name(), text, source));
          }
        }
      });
      String own = topic.get(topicKey.key().name());
      if (own != null) {
        String shown = ConfigType.format(topicKey.key().type().parse(own));
        synonyms.addFirst(
            new ConfigEntry.Synonym(topicKey.key().name(), shown, ConfigSource.TOPIC));
      }
      return List.copyOf(synonyms);
    }
  }
}
