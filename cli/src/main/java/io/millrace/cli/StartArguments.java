package io.millrace.cli;

import io.millrace.broker.BrokerOptions;
import io.millrace.broker.StartException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads the arguments of {@code millrace start}. Written out by hand: five options do not pay for a
 * library's reflection in the time to ready. The meaning of the values is the broker's to check.
 */
final class StartArguments {
  private @Nullable Path config;
  private @Nullable Path data;
  private @Nullable String store;
  private @Nullable String listen;
  private final List<String> sets = new ArrayList<>();
  private final List<String> problems = new ArrayList<>();

  private StartArguments() {}

  /** Options as {@code --name value} or {@code --name=value}. */
  static BrokerOptions parse(List<String> arguments, long processStartNs) throws StartException {
    StartArguments parsed = new StartArguments();
    parsed.read(arguments);
    if (!parsed.problems.isEmpty()) {
      throw new StartException(parsed.problems);
    }
    return new BrokerOptions(
        Optional.ofNullable(parsed.config),
        Optional.ofNullable(parsed.data),
        Optional.ofNullable(parsed.store),
        Optional.ofNullable(parsed.listen),
        parsed.sets,
        processStartNs);
  }

  private void read(List<String> arguments) {
    Iterator<String> rest = arguments.iterator();
    while (rest.hasNext()) {
      String argument = rest.next();
      int equals = argument.startsWith("--") ? argument.indexOf('=') : -1;
      String name = equals < 0 ? argument : argument.substring(0, equals);
      switch (name) {
        case "--config", "--data", "--store", "--listen", "--set" -> {
          if (equals < 0 && !rest.hasNext()) {
            problems.add("option " + name + " needs a value");
          } else {
            take(name, equals < 0 ? rest.next() : argument.substring(equals + 1));
          }
        }
        default ->
            problems.add(
                "unknown argument '"
                    + argument
                    + "'; start takes --config FILE, --data DIR, --store LOCATION, --listen HOST:PORT and --set KEY=VALUE");
      }
    }
  }

  private void take(String name, String value) {
    switch (name) {
      case "--config" -> config = Path.of(value);
      case "--data" -> data = Path.of(value);
      case "--store" -> store = value;
      case "--listen" -> listen = value;
      case "--set" -> {
        if (value.indexOf('=') < 1) {
          problems.add("option --set needs KEY=VALUE, not '" + value + "'");
        }
        sets.add(value);
      }
      default -> throw new AssertionError(name);
    }
  }
}
