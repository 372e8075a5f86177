package io.millrace.broker.config;

/**
 * Why a broker does not start with the configuration it was given.
 *
 * @param where "line 12", "--set", ...; "" if it has no place
 * @param text names key and value and says what to do
 */
public record ConfigProblem(String where, String text) {

  /** One line; {@code file} is where line numbers count. */
  String in(String file) {
    String place = where.startsWith("line ") ? file + " " + where : where;
    return place.isEmpty() ? text : place + ": " + text;
  }
}
