package io.millrace.conformance;

import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A tool's output without what differs from run to run: addresses, ids, times, column widths, stack
 * frames.
 */
final class Normalised {
  private static final List<Replacement> REPLACEMENTS =
      List.of(
          new Replacement("\\[20\\d\\d-[^\\]]*\\]", "[TIME]"),
          new Replacement("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UUID"),
          new Replacement("(TopicId|Cluster ?I[Dd]):\\s+[A-Za-z0-9_-]{22}", "$1: ID"),
          new Replacement("(\"(logDir|totalBytes|usableBytes)\"):(\"[^\"]*\"|\\d+)", "$1:X"),
          new Replacement("(\"size\"):[1-9]\\d*", "$1:N"),
          new Replacement("(\"directoryId\"): \"[A-Za-z0-9_-]{22}\"", "$1: ID"),
          new Replacement(
              "(?<=^\\d\\s{1,9})[A-Za-z0-9_-]{22}\\s+\\d+(?=\\s+\\d+\\s+\\d+\\s)", "ID N"),
          new Replacement("(?<=\\s)[A-Za-z0-9_-]{22}(?=\\s+/127)", "MEMBER"),
          new Replacement("(?<=\\s)1[789]\\d{11}(?=\\s)(\\s+\\d+)?", "TIME"),
          new Replacement("(?<=\\s)/127\\.0\\.0\\.1(?=\\s)", "/HOST"),
          new Replacement("(CreateTime|LogAppendTime):\\d+", "$1:TIME"),
          new Replacement("(\"log_dirs\"):\\[\"/[^\"]*\"\\]", "$1:X"),
          new Replacement("(?<=\\sEpoch: )\\d+", "N"),
          new Replacement("(?<=\\d records sent, ).*", "N"),
          new Replacement("(?<=^HighWatermark: )\\s*\\d+", "N"),
          new Replacement("console-consumer-\\d+", "console-consumer-N"),
          new Replacement("(\"(timestamp|avg_throughput)\"):[0-9.E-]+", "$1:N"),
          new Replacement("(?<=latency: )[0-9.E-]+", "N"),
          new Replacement("(?<=th = )[0-9.E-]+", "N"),
          new Replacement("^(\\d+)\t[0-9.E-]+$", "$1 N"),
          new Replacement("^20\\d\\d-.*, .*", "TIMES AND RATES"),
          new Replacement("[ \\t]+", " "));

  /** Stack frames, and how often a client asked again. */
  private static final List<String> NOISE =
      List.of("\tat ", "\t... ", "reported a recoverable issue");

  private record Replacement(Pattern pattern, String with) {
    Replacement(String pattern, String with) {
      this(Pattern.compile(pattern), with);
    }
  }

  private Normalised() {}

  /**
   * Sorted, as neither topics, partitions nor records of several partitions come in a promised
   * order.
   */
  static Stream<String> lines(String said, String address) {
    String port = address.substring(address.lastIndexOf(':') + 1);
    return said.lines()
        .filter(line -> NOISE.stream().noneMatch(line::contains))
        .map(line -> line.replace(address, "ADDRESS").replace(" " + port + " ", " PORT "))
        .map(Normalised::line)
        .sorted();
  }

  private static String line(String line) {
    String normalised = line;
    for (Replacement each : REPLACEMENTS) {
      normalised = each.pattern.matcher(normalised).replaceAll(each.with);
    }
    return normalised.strip();
  }
}
