package io.millrace.broker.config;

import io.millrace.broker.config.ConfigChanges.Refused;
import io.millrace.broker.config.ConfigKey.Dynamic;
import io.millrace.storage.metadata.Feature;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataRecord.ConfigScope;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * The configs of this broker and the defaults of all brokers of the cluster: described with
 * everything that gives them, changed under Kafka's rules. Keys nobody knows may be stored, as
 * Kafka allows for plug-ins; their values are not shown. Any thread may call.
 */
public final class BrokerConfigs {
  private static final String LISTENER_PREFIX = "listener.name.";

  /** Kafka changes a listener's key material under the listener's own name only. */
  private static final Set<String> SECURITY =
      Set.of(
          "ssl.keystore.type",
          "ssl.keystore.location",
          "ssl.keystore.password",
          "ssl.key.password",
          "ssl.truststore.type",
          "ssl.truststore.location",
          "ssl.truststore.password",
          "ssl.keystore.certificate.chain",
          "ssl.keystore.key",
          "ssl.truststore.certificates");

  /** Numbers of threads, which Kafka lets grow and shrink by a factor of two at a time. */
  private static final List<String> THREADS =
      List.of(
          "num.io.threads",
          "num.network.threads",
          "num.replica.fetchers",
          "num.recovery.threads.per.data.dir",
          "background.threads");

  private final BrokerConfig start;
  private final int nodeId;
  private final Domain ofBroker = new Domain(false);
  private final Domain ofCluster = new Domain(true);

  /**
   * @param nodeId the one the broker is registered with, given or claimed
   */
  public BrokerConfigs(BrokerConfig start, int nodeId) {
    this.start = start;
    this.nodeId = nodeId;
  }

  public int nodeId() {
    return nodeId;
  }

  /** All keys of this broker as DescribeConfigs shows them, by name, then those nobody knows. */
  public List<ConfigEntry> describe(MetadataImage image) {
    BrokerLayers layers = BrokerLayers.of(start, nodeId, image);
    List<ConfigEntry> entries = new ArrayList<>();
    for (ConfigKey<?> key : BrokerKeys.all()) {
      if (!key.internal() && !LegacyKeys.ALL.contains(key)) {
        entries.add(entry(key, layers.text(key).orElse(null), layers.synonyms(standIns(key))));
      }
    }
    Map<String, List<ConfigEntry.Synonym>> others = new TreeMap<>();
    addUnlisted(others, stored(image, false), ConfigSource.DYNAMIC_BROKER);
    addUnlisted(others, stored(image, true), ConfigSource.DYNAMIC_CLUSTER_DEFAULT);
    others.forEach((name, synonyms) -> entries.add(unlisted(name, synonyms)));
    return entries;
  }

  /** What is stored as the default of all brokers. */
  public List<ConfigEntry> describeDefaults(MetadataImage image) {
    BrokerLayers layers =
        new BrokerLayers(start, Map.of(), image.configs(ConfigScope.CLUSTER_DEFAULT, ""));
    List<ConfigEntry> entries = new ArrayList<>();
    for (ConfigKey<?> key : BrokerKeys.all()) {
      List<ConfigEntry.Synonym> synonyms =
          layers.synonyms(standIns(key)).stream()
              .filter(s -> s.source() == ConfigSource.DYNAMIC_CLUSTER_DEFAULT)
              .toList();
      if (!synonyms.isEmpty()) {
        entries.add(entry(key, synonyms.getFirst().value(), synonyms));
      }
    }
    Map<String, List<ConfigEntry.Synonym>> others = new TreeMap<>();
    addUnlisted(others, stored(image, true), ConfigSource.DYNAMIC_CLUSTER_DEFAULT);
    others.forEach((name, synonyms) -> entries.add(unlisted(name, synonyms)));
    return entries;
  }

  private static ConfigEntry entry(
      ConfigKey<?> key, @Nullable String text, List<ConfigEntry.Synonym> synonyms) {
    return new ConfigEntry(
        key.name(),
        key.sensitive() ? null : text,
        synonyms.isEmpty() ? ConfigSource.DEFAULT : synonyms.getFirst().source(),
        key.dynamic() == Dynamic.NO,
        key.sensitive(),
        List.copyOf(synonyms),
        key.type(),
        key.doc());
  }

  /** The keys that Kafka takes for the same, each in its own unit. */
  private static List<ConfigKey<?>> standIns(ConfigKey<?> key) {
    if (key == LogKeys.RETENTION_MS) {
      return List.of(LogKeys.RETENTION_MS, LogKeys.RETENTION_MINUTES, LogKeys.RETENTION_HOURS);
    }
    if (key == LogKeys.ROLL_MS) {
      return List.of(LogKeys.ROLL_MS, LogKeys.ROLL_HOURS);
    }
    if (key == LogKeys.ROLL_JITTER_MS) {
      return List.of(LogKeys.ROLL_JITTER_MS, LogKeys.ROLL_JITTER_HOURS);
    }
    return key == LogKeys.FLUSH_INTERVAL_MS
        ? List.of(LogKeys.FLUSH_INTERVAL_MS, LogKeys.FLUSH_SCHEDULER_INTERVAL_MS)
        : List.of(key);
  }

  private static void addUnlisted(
      Map<String, List<ConfigEntry.Synonym>> others,
      Map<String, String> stored,
      ConfigSource source) {
    stored.forEach((name, text) -> {
      if (BrokerKeys.find(name) == null) {
        ConfigKey<?> key = ofListener(name);
        boolean shown = key != null && !key.sensitive();
        others
            .computeIfAbsent(name, _ -> new ArrayList<>())
            .add(new ConfigEntry.Synonym(name, shown ? text : null, source));
      }
    });
  }

  private static ConfigEntry unlisted(String name, List<ConfigEntry.Synonym> synonyms) {
    ConfigKey<?> key = ofListener(name);
    return new ConfigEntry(
        name,
        synonyms.getFirst().value(),
        synonyms.getFirst().source(),
        false,
        key == null || key.sensitive(),
        List.copyOf(synonyms),
        key == null ? null : key.type(),
        key == null ? null : key.doc());
  }

  /** The key that a listener has for itself under this name; null if it is no such name. */
  private static @Nullable ConfigKey<?> ofListener(String name) {
    if (!name.startsWith(LISTENER_PREFIX)) {
      return null;
    }
    int dot = name.indexOf('.', LISTENER_PREFIX.length());
    return dot < 0 ? null : BrokerKeys.find(name.substring(dot + 1));
  }

  private Map<String, String> stored(MetadataImage image, boolean clusterDefault) {
    return clusterDefault
        ? image.configs(ConfigScope.CLUSTER_DEFAULT, "")
        : image.configs(ConfigScope.BROKER, Integer.toString(nodeId));
  }

  /** What changes this broker on the image. */
  public ConfigChanges.Outcome change(MetadataImage image, List<ConfigChanges.Change> asked) {
    return ConfigChanges.apply(ofBroker, image, stored(image, false), asked);
  }

  /** What changes the default of all brokers on the image. */
  public ConfigChanges.Outcome changeDefaults(
      MetadataImage image, List<ConfigChanges.Change> asked) {
    return ConfigChanges.apply(ofCluster, image, stored(image, true), asked);
  }

  private final class Domain implements ConfigChanges.Domain {
    private final boolean clusterDefault;

    Domain(boolean clusterDefault) {
      this.clusterDefault = clusterDefault;
    }

    @Override
    public @Nullable ConfigKey<?> key(String name) {
      return BrokerKeys.find(name);
    }

    @Override
    public String effectiveText(MetadataImage image, Map<String, String> stored, ConfigKey<?> key) {
      return layers(image, stored).text(key).orElse("");
    }

    private BrokerLayers layers(MetadataImage image, Map<String, String> configs) {
      return clusterDefault
          ? new BrokerLayers(start, stored(image, false), configs)
          : new BrokerLayers(start, configs, stored(image, true));
    }

    @Override
    public @Nullable Refused problem(MetadataImage image, Map<String, @Nullable String> configs) {
      Map<String, String> texts = new TreeMap<>();
      configs.forEach((name, text) -> {
        if (text != null) {
          texts.put(name, text);
        }
      });
      Refused ofOne = problemOfOne(texts);
      if (ofOne != null) {
        return ofOne;
      }
      Refused ofThreads = problemOfThreads(image, texts);
      if (ofThreads != null) {
        return ofThreads;
      }
      Refused ofReplicas = problemOfReplicas(image, texts);
      return ofReplicas != null ? ofReplicas : problemTogether(image, texts);
    }

    private @Nullable Refused problemOfOne(Map<String, String> texts) {
      Set<String> fixed = new TreeSet<>();
      Set<String> security = new TreeSet<>();
      Set<String> ofOneBroker = new TreeSet<>();
      String badValue = null;
      for (Map.Entry<String, String> config : texts.entrySet()) {
        String name = config.getKey();
        ConfigKey<?> key = BrokerKeys.find(name);
        if (SECURITY.contains(name)) {
          security.add(name);
        } else if (key != null && key.dynamic() == Dynamic.NO) {
          fixed.add(name);
        }
        if (name.startsWith(LISTENER_PREFIX)
            || (key != null && key.dynamic() == Dynamic.PER_BROKER)) {
          ofOneBroker.add(name);
        }
        if (badValue == null && key != null) {
          badValue = key.problem(config.getValue());
        }
      }
      if (!fixed.isEmpty()) {
        return refused("Cannot update these configs dynamically: " + fixed);
      }
      if (!security.isEmpty()) {
        return refused(
            "These security configs can be dynamically updated only per-listener using the"
                + " listener prefix: "
                + security);
      }
      if (badValue != null) {
        return refused(badValue);
      }
      return clusterDefault && !ofOneBroker.isEmpty()
          ? refused(
              "Cannot update these configs at default cluster level, broker id must be specified: "
                  + ofOneBroker)
          : null;
    }

    private @Nullable Refused problemOfThreads(MetadataImage image, Map<String, String> texts) {
      BrokerLayers present = BrokerLayers.of(start, nodeId, image);
      for (String name : THREADS) {
        ConfigKey<?> key = BrokerKeys.find(name);
        if (key == null || !texts.containsKey(name)) {
          continue;
        }
        int before = Integer.parseInt(present.text(key).orElse("1").trim());
        int after = Integer.parseInt(texts.get(name).trim());
        String problem =
            after > 2L * before
                ? "value should not be greater than double the current value " + before
                : after < before / 2
                    ? "value should be at least half the current value " + before
                    : null;
        if (problem != null) {
          return refused(
              ("Invalid value org.apache.kafka.common.config.ConfigException: Dynamic thread count"
                      + " update validation failed for %s=%d, %s for configuration Invalid dynamic"
                      + " configuration")
                  .formatted(name, after, problem));
        }
      }
      return null;
    }

    /** Where Kafka keeps min.insync.replicas for the cluster as a whole. */
    private @Nullable Refused problemOfReplicas(MetadataImage image, Map<String, String> texts) {
      boolean given = texts.containsKey(LogKeys.MIN_INSYNC_REPLICAS.name());
      return !clusterDefault && given && image.level(Feature.ELIGIBLE_LEADER_REPLICAS_VERSION) > 0
          ? new Refused(
              Errors.INVALID_CONFIG,
              "Broker-level min.insync.replicas cannot be altered while ELR is enabled.")
          : null;
    }

    private @Nullable Refused problemTogether(MetadataImage image, Map<String, String> texts) {
      BrokerLayers layers = layers(image, texts);
      Map<String, String> dynamic = new HashMap<>();
      for (ConfigKey<?> key : BrokerKeys.all()) {
        if (key.dynamic() != Dynamic.NO) {
          layers
              .text(key)
              .filter(text -> !text.equals(key.defaultText()))
              .ifPresent(text -> dynamic.put(key.name(), text));
        }
      }
      List<ConfigProblem> problems = new ArrayList<>();
      ConfigRules.check(start.with(dynamic), problems, new ArrayList<>());
      return problems.isEmpty() ? null : refused(problems.getFirst().text());
    }

    private static Refused refused(String message) {
      return new Refused(Errors.INVALID_REQUEST, message);
    }
  }
}
