package io.millrace.broker.config;

import org.jspecify.annotations.Nullable;

/**
 * One key, declared once: everything the parser, the reference page and DescribeConfigs say about
 * it comes from here.
 *
 * @param <T> what its values are read as: Boolean, Integer, Long, Double, String or List of String
 */
public final class ConfigKey<T> {
  /** Where Kafka's tools may change the key of a running broker. */
  public enum Dynamic {
    NO("no"),
    PER_BROKER("per broker"),
    CLUSTER_WIDE("cluster-wide");

    private final String text;

    Dynamic(String text) {
      this.text = text;
    }

    /** As the reference page shows it. */
    public String text() {
      return text;
    }
  }

  private final String name;
  private final ConfigType type;
  private final String unit;
  private final @Nullable String defaultText;
  private final Range range;
  private final Dynamic dynamic;
  private final boolean internal;
  private final KeyStatus status;
  private final String doc;

  ConfigKey(
      String name,
      ConfigType type,
      String unit,
      @Nullable String defaultText,
      Range range,
      Dynamic dynamic,
      boolean internal,
      KeyStatus status,
      String doc) {
    this.name = name;
    this.type = type;
    this.unit = unit;
    this.defaultText = defaultText;
    this.range = range;
    this.dynamic = dynamic;
    this.internal = internal;
    this.status = status;
    this.doc = doc;
  }

  public String name() {
    return name;
  }

  public ConfigType type() {
    return type;
  }

  /** "ms", "bytes", ...; "" if it has none. */
  public String unit() {
    return unit;
  }

  /** Null if unset by default. */
  public @Nullable String defaultText() {
    return defaultText;
  }

  /** Null if unset by default. */
  public @Nullable T defaultValue() {
    return defaultText == null ? null : parse(defaultText);
  }

  public Dynamic dynamic() {
    return dynamic;
  }

  /** Known to Kafka, but not described to clients. */
  public boolean internal() {
    return internal;
  }

  public KeyStatus status() {
    return status;
  }

  public boolean inForce() {
    return status instanceof KeyStatus.InForce;
  }

  public String doc() {
    return doc;
  }

  /** Its values must not appear in answers or logs. */
  public boolean sensitive() {
    return type == ConfigType.PASSWORD;
  }

  /** Which values it takes, for people; "" if all of its type. */
  public String rangeText() {
    return range.text();
  }

  /** What a value looks like, for people. */
  String expected() {
    String kind = type.text();
    String values = range.text();
    return kind.isEmpty() || values.isEmpty() ? kind + values : kind + ", " + values;
  }

  /** Why {@code text} is no value of this key, in Kafka's words; null if it is one. */
  public @Nullable String problem(String text) {
    String mismatch = type.mismatch(text);
    if (mismatch != null) {
      return "Invalid value " + text + " for configuration " + name + ": " + mismatch;
    }
    Object value = type.parse(text);
    String violation = range.violation(name, value);
    if (violation == null) {
      return null;
    }
    if (range instanceof Range.NonEmpty) {
      return violation;
    }
    Object culprit = range instanceof Range.Words words ? words.culprit(value) : value;
    return "Invalid value " + culprit + " for configuration " + name + ": " + violation;
  }

  /**
   * The value of {@code text}.
   *
   * @throws IllegalArgumentException if it has a {@link #problem}
   */
  @SuppressWarnings("unchecked")
  public T parse(String text) {
    String problem = problem(text);
    if (problem != null) {
      throw new IllegalArgumentException(problem);
    }
    return (T) type.parse(text);
  }

  @Override
  public String toString() {
    return name;
  }
}
