package io.millrace.cli;

import io.millrace.broker.BrokerOptions;
import io.millrace.broker.StartException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Arguments of a command that reads a store: where the store is, as for {@code millrace start}, and
 * the command's own.
 *
 * @param values of own options that have one
 * @param flags own options without a value that were given
 * @param words everything else
 */
record InspectionArguments(
    BrokerOptions store, Map<String, String> values, Set<String> flags, List<String> words) {

  /**
   * @param valued names of own options with a value, such as "--at"
   * @param flagged names of own options without one
   */
  static InspectionArguments parse(List<String> arguments, Set<String> valued, Set<String> flagged)
      throws StartException {
    Map<String, String> values = new HashMap<>();
    Set<String> flags = new HashSet<>();
    List<String> words = new ArrayList<>();
    List<String> ofStore = new ArrayList<>();
    Iterator<String> rest = arguments.iterator();
    while (rest.hasNext()) {
      String argument = rest.next();
      int equals = argument.startsWith("--") ? argument.indexOf('=') : -1;
      String name = equals < 0 ? argument : argument.substring(0, equals);
      if (flagged.contains(argument)) {
        flags.add(argument);
      } else if (!argument.startsWith("--")) {
        words.add(argument);
      } else if (valued.contains(name)) {
        if (equals < 0 && !rest.hasNext()) {
          throw new StartException("option " + name + " needs a value");
        }
        values.put(name, equals < 0 ? rest.next() : argument.substring(equals + 1));
      } else {
        ofStore.add(argument);
        if (equals < 0 && rest.hasNext()) {
          ofStore.add(rest.next());
        }
      }
    }
    return new InspectionArguments(
        StartArguments.parse(ofStore, System.nanoTime()), values, flags, words);
  }

  /** Empty if the option was not given. */
  Optional<Long> number(String option) throws StartException {
    String value = values.get(option);
    try {
      return value == null ? Optional.empty() : Optional.of(Long.parseLong(value));
    } catch (NumberFormatException e) {
      throw new StartException("option %s needs a number, not '%s'".formatted(option, value), e);
    }
  }

  /** The one word there may be. */
  Optional<String> word(String command) throws StartException {
    if (words.size() > 1) {
      throw new StartException(
          "%s takes one argument, not '%s' too".formatted(command, words.get(1)));
    }
    return words.stream().findFirst();
  }
}
