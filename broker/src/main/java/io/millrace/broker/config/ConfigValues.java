package io.millrace.broker.config;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The values that were given, each known good, over the defaults of the keys. Immutable. */
final class ConfigValues {
  private final Map<String, Setting> settings;

  ConfigValues(Map<String, Setting> settings) {
    this.settings = new LinkedHashMap<>(settings);
  }

  ConfigValues with(Map<String, String> texts) {
    Map<String, Setting> all = new LinkedHashMap<>(settings);
    texts.forEach((key, text) -> all.put(key, new Setting(key, text, "")));
    return new ConfigValues(all);
  }

  <T> Optional<T> find(ConfigKey<T> key) {
    Setting setting = settings.get(key.name());
    return setting != null
        ? Optional.of(key.parse(setting.value()))
        : Optional.ofNullable(key.defaultValue());
  }

  <T> T get(ConfigKey<T> key) {
    return find(key).orElseThrow(() -> new IllegalStateException(key + " is unset"));
  }

  boolean isSet(ConfigKey<?> key) {
    return settings.containsKey(key.name());
  }

  /** What was given for the key of this name, known or not. */
  @Nullable Setting setting(String name) {
    return settings.get(name);
  }

  /** What was given, by name. */
  Map<String, String> texts() {
    Map<String, String> texts = new LinkedHashMap<>();
    settings.forEach((name, setting) -> texts.put(name, setting.value()));
    return texts;
  }

  /** Where to look for the value; "" if it is a default. */
  String where(ConfigKey<?> key) {
    Setting setting = settings.get(key.name());
    return setting == null ? "" : setting.where();
  }
}
