package io.millrace.broker.config;

import io.millrace.broker.config.TopicKeys.BehindIt;
import io.millrace.broker.config.TopicKeys.TopicKey;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.ConfigResource;
import io.millrace.storage.metadata.MetadataRecord.ConfigScope;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * The configs of topics: a topic's own value goes before the broker's dynamic one, that before the
 * cluster's default, then the broker's file and the key's default. Any thread may call; settings
 * are cached until the configs of the image change.
 */
public final class TopicConfigs {
  private final BrokerConfig broker;
  private final int nodeId;
  private final Map<Uuid, Cached> cache = new ConcurrentHashMap<>();

  /**
   * @param nodeId the one the broker is registered with, given or claimed
   */
  public TopicConfigs(BrokerConfig broker, int nodeId) {
    this.broker = broker;
    this.nodeId = nodeId;
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
        new Layers(
            text == null ? Map.of() : Map.of(key.key().name(), text), BrokerLayers.ofStart(broker));
    return layers.value(key);
  }

  /** What changes a topic on the image. */
  public ConfigChanges.Outcome change(
      MetadataImage image, Uuid topicId, List<ConfigChanges.Change> asked) {
    return ConfigChanges.apply(
        new Domain(), image, image.configs(ConfigScope.TOPIC, topicId.toString()), asked);
  }

  private final class Domain implements ConfigChanges.Domain {
    @Override
    public @Nullable ConfigKey<?> key(String name) {
      TopicKey<?> found = TopicKeys.find(name);
      return found == null ? null : found.key();
    }

    @Override
    public String effectiveText(MetadataImage image, Map<String, String> stored, ConfigKey<?> key) {
      TopicKey<?> topicKey = Objects.requireNonNull(TopicKeys.find(key.name()));
      return ConfigType.format(layers(image, stored).value(topicKey));
    }

    @Override
    public ConfigChanges.@Nullable Refused problem(
        MetadataImage image, Map<String, @Nullable String> configs) {
      String problem = TopicConfigs.this.problem(configs);
      return problem == null ? null : new ConfigChanges.Refused(Errors.INVALID_CONFIG, problem);
    }
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
        layers.value(TopicKeys.MAX_COMPACTION_LAG_MS),
        layers.value(TopicKeys.MIN_CLEANABLE_DIRTY_RATIO),
        layers.value(TopicKeys.SEGMENT_MS),
        layers.value(TopicKeys.SEGMENT_BYTES));
  }

  private Layers layers(MetadataImage image, Uuid topicId) {
    return layers(image, image.configs(ConfigScope.TOPIC, topicId.toString()));
  }

  private Layers layers(MetadataImage image, Map<String, String> topicConfigs) {
    return new Layers(topicConfigs, BrokerLayers.of(broker, nodeId, image));
  }

  /** A topic's own values above the broker's. */
  private record Layers(Map<String, String> topic, BrokerLayers broker) {
    <T> T value(TopicKey<T> topicKey) {
      ConfigKey<T> key = topicKey.key();
      String own = topic.get(key.name());
      if (own != null) {
        return key.parse(own);
      }
      String behind = brokerText(topicKey);
      if (behind != null) {
        return key.parse(behind);
      }
      T defaultValue = key.defaultValue();
      if (defaultValue == null) {
        throw new IllegalStateException(key + " is unset");
      }
      return defaultValue;
    }

    private @Nullable String brokerText(TopicKey<?> topicKey) {
      List<String> found = new ArrayList<>();
      broker.forEach((source, layer) -> {
        for (BehindIt behind : topicKey.behindIt()) {
          String text = layer.apply(behind.brokerKey());
          if (text != null) {
            found.add(behind.topicText(text));
          }
        }
      });
      return found.isEmpty() ? null : found.getFirst();
    }

    List<ConfigEntry.Synonym> shownSynonyms(TopicKey<?> topicKey) {
      List<ConfigEntry.Synonym> synonyms =
          topicKey.behindIt().isEmpty()
              ? new ArrayList<>()
              : broker.synonyms(
                  topicKey.behindIt().stream().<ConfigKey<?>>map(BehindIt::brokerKey).toList());
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
