package io.millrace.broker.config;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One key as DescribeConfigs shows it.
 *
 * @param value null if unset or sensitive
 * @param synonyms what could give the value, the one that does first
 */
public record ConfigEntry(
    String name,
    @Nullable String value,
    ConfigSource source,
    boolean readOnly,
    boolean sensitive,
    List<Synonym> synonyms,
    ConfigType type,
    String doc) {

  /** A value in line. */
  public record Synonym(String name, @Nullable String value, ConfigSource source) {}
}
