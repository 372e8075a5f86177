package io.millrace.broker.config;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One key as DescribeConfigs shows it.
 *
 * @param value null if unset or sensitive
 * @param synonyms what could give the value, the one that does first
 * @param type null of a key that is not known
 * @param doc null of a key that is not known
 */
public record ConfigEntry(
    String name,
    @Nullable String value,
    ConfigSource source,
    boolean readOnly,
    boolean sensitive,
    List<Synonym> synonyms,
    @Nullable ConfigType type,
    @Nullable String doc) {

  /** A value in line. */
  public record Synonym(String name, @Nullable String value, ConfigSource source) {
    /** The value of one that is not sensitive. */
    String valueOf() {
      return Objects.requireNonNull(value);
    }
  }
}
