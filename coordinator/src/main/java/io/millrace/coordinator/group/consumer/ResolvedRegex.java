package io.millrace.coordinator.group.consumer;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * The topics a subscribed pattern stands for. Patterns are RE2's, which match in linear time,
 * whatever a client sends; a topic's whole name has to match.
 *
 * @param version number of the metadata entry they were looked up at
 */
record ResolvedRegex(Set<String> topics, long version, long timestampMs) {
  /** What is wrong with a pattern; empty if nothing is. */
  static Optional<String> problem(String regex) {
    try {
      var unused = Pattern.compile(regex);
      return Optional.empty();
    } catch (PatternSyntaxException e) {
      return Optional.of(e.getDescription());
    }
  }

  static Set<String> matches(String regex, Set<String> names) {
    Pattern pattern = Pattern.compile(regex);
    Set<String> matching = new TreeSet<>();
    for (String name : names) {
      if (pattern.matcher(name).matches()) {
        matching.add(name);
      }
    }
    return matching;
  }
}
