package io.millrace.broker.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Makes a broker's configuration of what its start command was given, or lists everything that is
 * wrong with it at once. The command line goes before the file.
 */
public final class ConfigLoader {
  private static final String OVERRIDE = "--set";

  private final StartOptions options;
  private final List<ConfigProblem> problems = new ArrayList<>();
  private final List<String> notices = new ArrayList<>();

  private ConfigLoader(StartOptions options) {
    this.options = options;
  }

  /** What became of it. */
  public sealed interface Outcome {}

  /**
   * A configuration to start with.
   *
   * @param notices lines for the log: keys without meaning here and why, choices that were made
   */
  public record Loaded(BrokerConfig config, List<String> notices) implements Outcome {}

  /** Nothing to start with. */
  public record Refused(String source, List<ConfigProblem> problems) implements Outcome {
    /** One line each. */
    public List<String> lines() {
      return problems.stream().map(problem -> problem.in(source)).toList();
    }
  }

  /** Checks and types everything. */
  public static Outcome load(StartOptions options) {
    return new ConfigLoader(options).load();
  }

  private Outcome load() {
    Map<String, Setting> given = new LinkedHashMap<>();
    options.file().ifPresent(file -> takeFile(file, given));
    options.overrides().forEach(override -> takeOverride(override, given));
    takeListen(given);
    options.data().ifPresent(data -> takeData(data, given));
    options.store().ifPresent(store -> put(given, "store", store, "--store"));

    ConfigProviders providers =
        new ConfigProviders(given, options.environment(), options.files(), problems);
    Map<String, Setting> good = new LinkedHashMap<>();
    for (Setting setting : providers.resolved()) {
      if (providers.owns(setting.key()) || check(setting, given)) {
        good.put(setting.key(), setting);
      }
    }
    ConfigValues values = new ConfigValues(good);
    boolean listenersCanBeRead =
        ListenerKeys.ALL.stream()
            .allMatch(key -> !given.containsKey(key.name()) || values.isSet(key));
    List<Listener> listeners =
        listenersCanBeRead
            ? new ListenerRules(values, options.hostName(), problems, notices).listeners()
            : List.of();
    ConfigRules.check(values, problems, notices);
    return problems.isEmpty()
        ? new Loaded(new BrokerConfig(values, listeners), List.copyOf(notices))
        : new Refused(options.file().map(ConfigFile::name).orElse(""), List.copyOf(problems));
  }

  private void takeFile(ConfigFile file, Map<String, Setting> given) {
    problems.addAll(file.problems());
    for (ConfigFile.Entry entry : file.settings()) {
      Setting earlier = given.get(entry.key());
      if (earlier != null) {
        notices.add(
            entry.key()
                + " is given twice, on "
                + earlier.where()
                + " and line "
                + entry.line()
                + "; the last one counts.");
      }
      put(given, entry.key(), entry.value(), "line " + entry.line());
    }
  }

  private void takeOverride(String override, Map<String, Setting> given) {
    int equals = override.indexOf('=');
    if (equals < 1) {
      problems.add(new ConfigProblem(OVERRIDE, "\"" + override + "\" is not KEY=VALUE"));
    } else {
      put(given, override.substring(0, equals).trim(), override.substring(equals + 1), OVERRIDE);
    }
  }

  /**
   * A listener of the command line is the only one, and what the file says about listeners is about
   * others.
   */
  private void takeListen(Map<String, Setting> given) {
    options
        .listen()
        .ifPresent(listen -> {
          if (listen.indexOf(':') < 0) {
            problems.add(
                new ConfigProblem(
                    "--listen",
                    "\""
                        + listen
                        + "\" is no address; expected HOST:PORT, such as 127.0.0.1:9092"));
            return;
          }
          given.values().removeIf(s -> ofListeners(s.key()) && !s.where().equals(OVERRIDE));
          String listener = listen.contains("://") ? listen : "PLAINTEXT://" + listen;
          put(given, "listeners", listener, "--listen");
        });
    if (options.file().isEmpty()
        && given.keySet().stream().noneMatch(ConfigLoader::bindsListeners)) {
      put(given, "listeners", "PLAINTEXT://127.0.0.1:9092", "default");
    }
  }

  private void takeData(String data, Map<String, Setting> given) {
    if (data.indexOf(',') >= 0) {
      problems.add(
          new ConfigProblem(
              "--data",
              "\"" + data + "\" has a comma; data directories cannot have one in their names"));
    } else {
      put(given, "log.dirs", data, "--data");
    }
  }

  private static boolean ofListeners(String key) {
    return bindsListeners(key)
        || key.equals("advertised.listeners")
        || key.equals("advertised.host.name")
        || key.equals("advertised.port")
        || key.equals("inter.broker.listener.name");
  }

  private static boolean bindsListeners(String key) {
    return key.equals("listeners") || key.equals("host.name") || key.equals("port");
  }

  private static void put(Map<String, Setting> given, String key, String value, String where) {
    given.remove(key);
    given.put(key, new Setting(key, value, where));
  }

  /** Whether the setting may be used. */
  private boolean check(Setting setting, Map<String, Setting> given) {
    ConfigKey<?> key = BrokerKeys.find(setting.key());
    if (key == null) {
      return checkUndeclared(setting, given);
    }
    if (key.problem(setting.value()) != null) {
      String shown = key.sensitive() ? "..." : setting.value();
      problems.add(
          new ConfigProblem(setting.where(), key + "=" + shown + ": expected " + key.expected()));
      return false;
    }
    if (key.status() instanceof KeyStatus.Accepted accepted) {
      notices.add(key + " has no effect. " + accepted.reason());
    }
    return true;
  }

  private boolean checkUndeclared(Setting setting, Map<String, Setting> given) {
    String key = setting.key();
    var reason =
        KnownFamilies.reason(
            key,
            name -> {
              Setting found = given.get(name);
              return found == null ? "" : found.value();
            });
    if (reason.isPresent()) {
      notices.add(key + " has no effect. " + reason.get());
      return true;
    }
    String hint =
        NearestName.of(key, BrokerKeys.all().stream().map(ConfigKey::name).toList())
            .map(nearest -> "; did you mean " + nearest + "?")
            .orElse("; see docs/reference/configuration.md for all keys");
    problems.add(new ConfigProblem(setting.where(), "unknown key " + key + hint));
    return false;
  }
}
