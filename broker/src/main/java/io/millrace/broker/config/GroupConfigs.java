package io.millrace.broker.config;

import io.millrace.broker.config.ConfigChanges.Refused;
import io.millrace.coordinator.group.consumer.ConsumerSettings;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataRecord.ConfigScope;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * The configs of groups: a group's own value goes before the broker's. The broker says how small
 * and how large values may be, both when they are set and, should it have changed its mind, when
 * they are used. Any thread may call.
 */
public final class GroupConfigs {
  private final BrokerConfig start;
  private final int nodeId;

  /**
   * @param nodeId the one the broker is registered with, given or claimed
   */
  public GroupConfigs(BrokerConfig start, int nodeId) {
    this.start = start;
    this.nodeId = nodeId;
  }

  /** What is in effect for the consumer group, known or not, on the image. */
  public ConsumerSettings.OfGroup ofConsumers(MetadataImage image, String group) {
    Layers layers = layers(image, image.configs(ConfigScope.GROUP, group));
    return new ConsumerSettings.OfGroup(
        layers.bounded(GroupConfigKeys.CONSUMER_SESSION_TIMEOUT_MS),
        layers.bounded(GroupConfigKeys.CONSUMER_HEARTBEAT_INTERVAL_MS),
        layers.bounded(GroupConfigKeys.CONSUMER_ASSIGNMENT_INTERVAL_MS));
  }

  /** All keys as DescribeConfigs shows them for the group, known or not, by name. */
  public List<ConfigEntry> describe(MetadataImage image, String group) {
    Layers layers = layers(image, image.configs(ConfigScope.GROUP, group));
    List<ConfigEntry> entries = new ArrayList<>();
    for (ConfigKey<?> key : GroupConfigKeys.all()) {
      List<ConfigEntry.Synonym> synonyms = layers.synonyms(key);
      entries.add(
          new ConfigEntry(
              key.name(),
              layers.text(key),
              synonyms.getFirst().source(),
              false,
              false,
              synonyms,
              key.type(),
              key.doc()));
    }
    return entries;
  }

  /** What changes the group on the image. */
  public ConfigChanges.Outcome change(
      MetadataImage image, String group, List<ConfigChanges.Change> asked) {
    return ConfigChanges.apply(new Domain(), image, image.configs(ConfigScope.GROUP, group), asked);
  }

  private Layers layers(MetadataImage image, Map<String, ? extends @Nullable String> own) {
    return new Layers(own, BrokerLayers.of(start, nodeId, image));
  }

  /** A group's own values above the broker's. */
  private record Layers(Map<String, ? extends @Nullable String> own, BrokerLayers broker) {
    String text(ConfigKey<?> key) {
      String text = own.get(key.name());
      return text != null ? text : synonyms(key).getFirst().valueOf();
    }

    List<ConfigEntry.Synonym> synonyms(ConfigKey<?> key) {
      List<ConfigEntry.Synonym> synonyms = new ArrayList<>();
      String text = own.get(key.name());
      if (text != null) {
        synonyms.add(new ConfigEntry.Synonym(key.name(), text, ConfigSource.GROUP));
      }
      ConfigKey<?> behind = GroupConfigKeys.behind(key).orElse(key);
      synonyms.addAll(broker.synonyms(List.of(behind)));
      return List.copyOf(synonyms);
    }

    int number(ConfigKey<?> key) {
      return Integer.parseInt(text(key).trim());
    }

    Optional<Integer> bound(Optional<ConfigKey<?>> key) {
      return key.flatMap(broker::text).map(text -> Integer.parseInt(text.trim()));
    }

    int bounded(ConfigKey<Integer> key) {
      int value = number(key);
      int atLeast = Math.max(value, bound(GroupConfigKeys.least(key)).orElse(value));
      return Math.min(atLeast, bound(GroupConfigKeys.most(key)).orElse(atLeast));
    }
  }

  private final class Domain implements ConfigChanges.Domain {
    @Override
    public @Nullable ConfigKey<?> key(String name) {
      return GroupConfigKeys.find(name);
    }

    @Override
    public String effectiveText(MetadataImage image, Map<String, String> stored, ConfigKey<?> key) {
      return layers(image, stored).text(key);
    }

    @Override
    public @Nullable Refused problem(MetadataImage image, Map<String, @Nullable String> configs) {
      for (Map.Entry<String, @Nullable String> config : configs.entrySet()) {
        ConfigKey<?> key = GroupConfigKeys.find(config.getKey());
        if (key == null) {
          return refused("Unknown group config name: " + config.getKey());
        }
        String problem = config.getValue() == null ? null : key.problem(config.getValue());
        if (problem != null) {
          return refused(problem);
        }
      }
      Layers layers = layers(image, configs);
      for (String name : configs.keySet()) {
        Refused outside = outside(layers, name);
        if (outside != null) {
          return outside;
        }
      }
      for (String kind : List.of("consumer", "share", "streams")) {
        ConfigKey<?> session = GroupConfigKeys.find(kind + ".session.timeout.ms");
        ConfigKey<?> heartbeat = GroupConfigKeys.find(kind + ".heartbeat.interval.ms");
        if (session != null
            && heartbeat != null
            && layers.number(session) <= layers.number(heartbeat)) {
          return refused(session + " must be greater than " + heartbeat);
        }
      }
      return null;
    }

    private @Nullable Refused outside(Layers layers, String name) {
      ConfigKey<?> key = GroupConfigKeys.find(name);
      if (key == null || key.type() != ConfigType.INT) {
        return null;
      }
      int value = layers.number(key);
      Optional<ConfigKey<?>> least = GroupConfigKeys.least(key);
      if (value < layers.bound(least).orElse(value)) {
        return refused(key + " must be greater than or equal to " + least.orElseThrow());
      }
      Optional<ConfigKey<?>> most = GroupConfigKeys.most(key);
      return value > layers.bound(most).orElse(value)
          ? refused(key + " must be less than or equal to " + most.orElseThrow())
          : null;
    }

    private static Refused refused(String message) {
      return new Refused(Errors.INVALID_CONFIG, message);
    }
  }
}
