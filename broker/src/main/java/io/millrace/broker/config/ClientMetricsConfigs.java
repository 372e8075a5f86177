package io.millrace.broker.config;

import static io.millrace.broker.config.KeyDeclaration.int32;
import static io.millrace.broker.config.KeyDeclaration.list;

import io.millrace.broker.config.ConfigChanges.Refused;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataRecord.ConfigScope;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * The configs of client-metrics subscriptions (KIP-714): which clients should push which metrics
 * how often. They are kept and checked; metrics are not asked for yet.
 */
public final class ClientMetricsConfigs {
  private static final int INTERVAL_MS_MIN = 100;
  private static final int INTERVAL_MS_MAX = 3_600_000;
  private static final ConfigKey<Integer> INTERVAL_MS =
      int32("interval.ms", 300_000)
          .accepted(Reasons.METRICS_LATER, "How often clients push their metrics.");
  private static final ConfigKey<List<String>> METRICS =
      list("metrics", "")
          .accepted(Reasons.METRICS_LATER, "Prefixes of the metrics that are wanted.");
  private static final ConfigKey<List<String>> MATCH =
      list("match", "")
          .accepted(Reasons.METRICS_LATER, "Which clients: property=pattern, all must match.");
  private static final List<ConfigKey<?>> KEYS = List.of(INTERVAL_MS, MATCH, METRICS);

  /** What a client can be matched by. */
  private static final Set<String> PROPERTIES =
      Set.of(
          "client_instance_id",
          "client_id",
          "client_software_name",
          "client_software_version",
          "client_source_address",
          "client_source_port");

  private ClientMetricsConfigs() {}

  /** All keys as DescribeConfigs shows them for the subscription, known or not, by name. */
  public static List<ConfigEntry> describe(MetadataImage image, String name) {
    Map<String, String> stored = image.configs(ConfigScope.CLIENT_METRICS, name);
    List<ConfigEntry> entries = new ArrayList<>();
    for (ConfigKey<?> key : KEYS) {
      String own = stored.get(key.name());
      entries.add(
          new ConfigEntry(
              key.name(),
              own == null ? key.defaultText() : own,
              own == null ? ConfigSource.DEFAULT : ConfigSource.CLIENT_METRICS,
              false,
              false,
              own == null
                  ? List.of()
                  : List.of(new ConfigEntry.Synonym(key.name(), own, ConfigSource.CLIENT_METRICS)),
              key.type(),
              key.doc()));
    }
    return entries;
  }

  /** What changes the subscription on the image. */
  public static ConfigChanges.Outcome change(
      MetadataImage image, String name, List<ConfigChanges.Change> asked) {
    return ConfigChanges.apply(
        new Domain(), image, image.configs(ConfigScope.CLIENT_METRICS, name), asked);
  }

  private static final class Domain implements ConfigChanges.Domain {
    @Override
    public @Nullable ConfigKey<?> key(String name) {
      return KEYS.stream().filter(key -> key.name().equals(name)).findFirst().orElse(null);
    }

    @Override
    public String effectiveText(MetadataImage image, Map<String, String> stored, ConfigKey<?> key) {
      return stored.getOrDefault(key.name(), "");
    }

    @Override
    public @Nullable Refused problem(MetadataImage image, Map<String, @Nullable String> configs) {
      for (Map.Entry<String, @Nullable String> config : configs.entrySet()) {
        ConfigKey<?> key = key(config.getKey());
        if (key == null) {
          return new Refused(
              Errors.INVALID_REQUEST, "Unknown client metrics configuration: " + config.getKey());
        }
        String text = config.getValue();
        Refused problem = text == null ? null : problem(key, text);
        if (problem != null) {
          return problem;
        }
      }
      return null;
    }

    private static @Nullable Refused problem(ConfigKey<?> key, String text) {
      String problem = key.problem(text);
      if (problem != null) {
        return new Refused(Errors.INVALID_CONFIG, problem);
      }
      if (key == INTERVAL_MS) {
        int interval = INTERVAL_MS.parse(text);
        return interval < INTERVAL_MS_MIN || interval > INTERVAL_MS_MAX
            ? new Refused(
                Errors.INVALID_REQUEST,
                "Invalid value %d for interval.ms, interval must be between %d and %d (1 hour)"
                    .formatted(interval, INTERVAL_MS_MIN, INTERVAL_MS_MAX))
            : null;
      }
      if (key == MATCH) {
        for (String criterion : MATCH.parse(text)) {
          if (!isCriterion(criterion)) {
            return new Refused(
                Errors.INVALID_CONFIG, "Illegal client matching pattern: " + criterion);
          }
        }
      }
      return null;
    }

    private static boolean isCriterion(String text) {
      int equals = text.indexOf('=');
      if (equals < 0 || !PROPERTIES.contains(text.substring(0, equals).trim())) {
        return false;
      }
      try {
        Pattern.compile(text.substring(equals + 1).trim());
        return true;
      } catch (PatternSyntaxException e) {
        return false;
      }
    }
  }
}
