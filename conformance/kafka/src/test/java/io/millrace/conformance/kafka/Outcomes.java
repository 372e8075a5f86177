package io.millrace.conformance.kafka;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What became of tests in all runs since the last {@link #clear}, kept in a file, so that a long
 * run can be made of short ones.
 */
final class Outcomes {
  static final Path FILE = Path.of("target", "kafka-tests", "outcomes.txt");

  private static final String PASSED = "passed";

  /**
   * What became of one test.
   *
   * @param passedIn whether it passed, for each run in turn
   * @param failure of the last run that failed, "" if none did
   */
  record Tally(List<Boolean> passedIn, String failure) {
    private static final Tally NONE = new Tally(List.of(), "");

    int runs() {
      return passedIn.size();
    }

    boolean passedAlways() {
      return !passedIn.isEmpty() && !passedIn.contains(false);
    }

    int failures() {
      return Collections.frequency(passedIn, false);
    }

    private Tally plus(String result) {
      boolean passed = result.equals(PASSED);
      List<Boolean> all = new ArrayList<>(passedIn);
      all.add(passed);
      return new Tally(List.copyOf(all), passed ? failure : result);
    }
  }

  private Outcomes() {}

  static void clear() {
    try {
      Files.deleteIfExists(FILE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static void add(PublishedTest test, TestRun.Outcome outcome) {
    String result = outcome.passed() ? PASSED : line(outcome);
    try {
      Files.createDirectories(FILE.toAbsolutePath().getParent());
      Files.writeString(
          FILE, test + " " + result + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String line(TestRun.Outcome outcome) {
    String failure = outcome.failure().map(Throwable::toString).orElse("ran nothing");
    return failure.lines().findFirst().orElse("failed").strip();
  }

  static SortedMap<PublishedTest, Tally> read() {
    if (!Files.exists(FILE)) {
      return new TreeMap<>(Map.of());
    }
    List<String> lines;
    try {
      lines = Files.readAllLines(FILE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    SortedMap<PublishedTest, Tally> tallies = new TreeMap<>();
    for (String line : lines) {
      int space = line.indexOf(' ');
      PublishedTest test = PublishedTest.of(line.substring(0, space));
      tallies.put(test, tallies.getOrDefault(test, Tally.NONE).plus(line.substring(space + 1)));
    }
    return tallies;
  }
}
