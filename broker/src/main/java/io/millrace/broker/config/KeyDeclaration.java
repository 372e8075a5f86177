package io.millrace.broker.config;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Declares one key in one expression: type and default, then what it takes, then its status and
 * what it means.
 */
final class KeyDeclaration<T> {
  /** Ends of names that say the unit. */
  private static final String[][] UNITS = {
    {".ms", "ms"},
    {".millis", "ms"},
    {".bytes", "bytes"},
    {".seconds", "s"},
    {".secs", "s"},
    {".minutes", "min"},
    {".hours", "h"},
    {".bytes.max", "bytes"},
    {".max.bytes", "bytes"},
    {".buffer.size", "bytes"},
    {".bytes.per.second", "bytes/s"}
  };

  private final String name;
  private final ConfigType type;
  private final @Nullable String defaultText;
  private String unit;
  private Range range = new Range.Any();
  private ConfigKey.Dynamic dynamic = ConfigKey.Dynamic.NO;
  private boolean internal;

  private KeyDeclaration(String name, ConfigType type, @Nullable String defaultText) {
    this.name = name;
    this.type = type;
    this.defaultText = defaultText;
    this.unit = unitOf(name, type);
  }

  static KeyDeclaration<Boolean> flag(String name, boolean defaultValue) {
    return new KeyDeclaration<>(name, ConfigType.BOOLEAN, Boolean.toString(defaultValue));
  }

  static KeyDeclaration<Integer> int32(String name, int defaultValue) {
    return new KeyDeclaration<>(name, ConfigType.INT, Integer.toString(defaultValue));
  }

  static KeyDeclaration<Integer> int32(String name) {
    return new KeyDeclaration<>(name, ConfigType.INT, null);
  }

  static KeyDeclaration<Integer> int16(String name, int defaultValue) {
    return new KeyDeclaration<>(name, ConfigType.SHORT, Integer.toString(defaultValue));
  }

  static KeyDeclaration<Long> int64(String name, long defaultValue) {
    return new KeyDeclaration<>(name, ConfigType.LONG, Long.toString(defaultValue));
  }

  static KeyDeclaration<Long> int64(String name) {
    return new KeyDeclaration<>(name, ConfigType.LONG, null);
  }

  static KeyDeclaration<Double> decimal(String name, double defaultValue) {
    return new KeyDeclaration<>(name, ConfigType.DOUBLE, Double.toString(defaultValue));
  }

  static KeyDeclaration<String> text(String name, String defaultValue) {
    return new KeyDeclaration<>(name, ConfigType.STRING, defaultValue);
  }

  static KeyDeclaration<String> text(String name) {
    return new KeyDeclaration<>(name, ConfigType.STRING, null);
  }

  static KeyDeclaration<List<String>> list(String name, String defaultValue) {
    return new KeyDeclaration<>(name, ConfigType.LIST, defaultValue);
  }

  static KeyDeclaration<List<String>> list(String name) {
    return new KeyDeclaration<>(name, ConfigType.LIST, null);
  }

  static KeyDeclaration<String> password(String name) {
    return new KeyDeclaration<>(name, ConfigType.PASSWORD, null);
  }

  static KeyDeclaration<String> className(String name) {
    return new KeyDeclaration<>(name, ConfigType.CLASS, null);
  }

  static KeyDeclaration<String> className(String name, String defaultValue) {
    return new KeyDeclaration<>(name, ConfigType.CLASS, defaultValue);
  }

  KeyDeclaration<T> atLeast(Number min) {
    range = new Range.Numbers(min, null);
    return this;
  }

  KeyDeclaration<T> between(Number min, Number max) {
    range = new Range.Numbers(min, max);
    return this;
  }

  KeyDeclaration<T> oneOf(String... words) {
    range = new Range.Words(List.of(words), true);
    return this;
  }

  KeyDeclaration<T> oneOfIgnoringCase(String... words) {
    range = new Range.Words(List.of(words), false);
    return this;
  }

  KeyDeclaration<T> notEmpty() {
    range = new Range.NonEmpty();
    return this;
  }

  KeyDeclaration<T> takes(Range range) {
    this.range = range;
    return this;
  }

  KeyDeclaration<T> unit(String unit) {
    this.unit = unit;
    return this;
  }

  KeyDeclaration<T> perBroker() {
    dynamic = ConfigKey.Dynamic.PER_BROKER;
    return this;
  }

  KeyDeclaration<T> clusterWide() {
    dynamic = ConfigKey.Dynamic.CLUSTER_WIDE;
    return this;
  }

  KeyDeclaration<T> internal() {
    internal = true;
    return this;
  }

  /** The broker acts on it. */
  ConfigKey<T> inForce(String doc) {
    return declared(new KeyStatus.InForce(), doc);
  }

  /** Checked, without effect, for the {@code reason} given. */
  ConfigKey<T> accepted(String reason, String doc) {
    return declared(new KeyStatus.Accepted(reason), doc);
  }

  private ConfigKey<T> declared(KeyStatus status, String doc) {
    return new ConfigKey<>(name, type, unit, defaultText, range, dynamic, internal, status, doc);
  }

  private static String unitOf(String name, ConfigType type) {
    if (type == ConfigType.INT || type == ConfigType.LONG || type == ConfigType.SHORT) {
      for (String[] unit : UNITS) {
        if (name.endsWith(unit[0])) {
          return unit[1];
        }
      }
    }
    return "";
  }
}
