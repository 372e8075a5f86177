package io.millrace.broker.config;

import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * Replaces ${NAME:KEY} and ${NAME:PATH:KEY} in values, for providers named in config.providers.
 * Kafka's environment, file and directory providers are understood by their class names; others are
 * refused. References to names that are no providers stay.
 */
final class ConfigProviders {
  private static final String PACKAGE = "org.apache.kafka.common.config.provider.";
  private static final Pattern REFERENCE =
      Pattern.compile("\\$\\{([^}:]*):(?:([^}]*?):)?([^}:]*)}");

  private final Map<String, Setting> settings;
  private final Map<String, String> environment;
  private final TextFiles files;
  private final List<ConfigProblem> problems;
  private final Map<String, String> kinds = new LinkedHashMap<>();

  ConfigProviders(
      Map<String, Setting> settings,
      Map<String, String> environment,
      TextFiles files,
      List<ConfigProblem> problems) {
    this.settings = settings;
    this.environment = environment;
    this.files = files;
    this.problems = problems;
    findKinds();
  }

  private void findKinds() {
    Setting names = settings.get("config.providers");
    if (names == null) {
      return;
    }
    for (String name : NodeKeys.CONFIG_PROVIDERS.parse(names.value())) {
      Setting type = settings.get("config.providers." + name + ".class");
      String className = type == null ? "" : type.value().trim();
      switch (className) {
        case PACKAGE + "EnvVarConfigProvider" -> kinds.put(name, "env");
        case PACKAGE + "FileConfigProvider" -> kinds.put(name, "file");
        case PACKAGE + "DirectoryConfigProvider" -> kinds.put(name, "directory");
        default ->
            problems.add(
                new ConfigProblem(
                    type == null ? names.where() : type.where(),
                    (type == null
                            ? "config.providers names "
                                + name
                                + ", and config.providers."
                                + name
                                + ".class is missing"
                            : "config.providers."
                                + name
                                + ".class="
                                + className
                                + " is a provider this broker does not know")
                        + "; use EnvVarConfigProvider, FileConfigProvider or"
                        + " DirectoryConfigProvider of "
                        + PACKAGE.substring(0, PACKAGE.length() - 1)));
      }
    }
  }

  /** Whether the key sets a provider up. */
  boolean owns(String key) {
    return kinds.keySet().stream()
        .anyMatch(name -> key.startsWith("config.providers." + name + "."));
  }

  /** The settings with references replaced. */
  List<Setting> resolved() {
    List<Setting> resolved = new ArrayList<>();
    for (Setting setting : settings.values()) {
      resolved.add(
          setting.value().contains("${") && !kinds.isEmpty()
              ? new Setting(setting.key(), replace(setting), setting.where())
              : setting);
    }
    return resolved;
  }

  private String replace(Setting setting) {
    Matcher matcher = REFERENCE.matcher(setting.value());
    return matcher.replaceAll(match -> {
      String name = match.group(1);
      String kind = kinds.get(name);
      String value =
          kind == null ? match.group() : value(setting, name, kind, match.group(2), match.group(3));
      return Matcher.quoteReplacement(value);
    });
  }

  private String value(
      Setting setting, String name, String kind, @Nullable String path, String key) {
    String reference = "${" + name + ":" + (path == null ? "" : path + ":") + key + "}";
    try {
      String value =
          kind.equals("env")
              ? variable(name, key)
              : fromFile(name, kind, path == null ? "" : path, key);
      if (value != null) {
        return value;
      }
      problems.add(
          new ConfigProblem(
              setting.where(),
              setting.key() + " refers to " + reference + ", which does not exist"));
    } catch (NoSuchFileException e) {
      problems.add(
          new ConfigProblem(
              setting.where(),
              setting.key() + " refers to " + reference + ": there is no file " + e.getMessage()));
    } catch (IOException | InvalidPathException | PatternSyntaxException e) {
      problems.add(
          new ConfigProblem(
              setting.where(), setting.key() + " refers to " + reference + ": " + e.getMessage()));
    }
    return "";
  }

  private @Nullable String variable(String name, String key) throws IOException {
    String allowed = parameter(name, "allowlist.pattern");
    if (!allowed.isEmpty() && !Pattern.matches(allowed, key)) {
      throw new IOException("allowlist.pattern of the provider does not allow it");
    }
    return environment.get(key);
  }

  private @Nullable String fromFile(String name, String kind, String folderOrFile, String key)
      throws IOException {
    Path path = Path.of(folderOrFile).toAbsolutePath().normalize();
    String allowed = parameter(name, "allowed.paths");
    if (!allowed.isEmpty() && !isBelow(path, allowed)) {
      throw new IOException("allowed.paths of the provider does not allow it");
    }
    if (kind.equals("directory")) {
      Path file = path.resolve(key).normalize();
      if (!path.equals(file.getParent())) {
        throw new IOException("the name must be of a file in the folder itself");
      }
      return files.read(file);
    }
    String found = null;
    for (ConfigFile.Entry entry : ConfigFile.parse(path.toString(), files.read(path)).settings()) {
      if (entry.key().equals(key)) {
        found = entry.value();
      }
    }
    return found;
  }

  private static boolean isBelow(Path path, String allowed) {
    for (String folder : allowed.split(",", -1)) {
      if (path.startsWith(Path.of(folder.trim()).toAbsolutePath().normalize())) {
        return true;
      }
    }
    return false;
  }

  private String parameter(String name, String parameter) {
    Setting setting = settings.get("config.providers." + name + ".param." + parameter);
    return setting == null ? "" : setting.value().trim();
  }
}
