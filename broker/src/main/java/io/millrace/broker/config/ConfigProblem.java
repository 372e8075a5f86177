package io.millrace.broker.config;

import java.util.List;

/**
 * Why a broker does not start with the configuration it was given.
 *
 * @param where "line 12", "--set", ...
 * @param text names key and value and says what to do
 */
public record ConfigProblem(String where, String text) {

  /** One message for all problems; {@code source} is the file, or what else the values came from. */
  public static String message(String source, List<ConfigProblem> problems) {
    StringBuilder message =
        new StringBuilder()
            .append(problems.size() == 1 ? "1 problem" : problems.size() + " problems")
            .append(" in ")
            .append(source)
            .append(':');
    for (ConfigProblem problem : problems) {
      message.append("\n  ").append(problem);
    }
    return message.toString();
  }

  @Override
  public String toString() {
    return where.isEmpty() ? text : where + ": " + text;
  }
}
