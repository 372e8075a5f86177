package io.millrace.conformance.kafka;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeMap;

/**
 * What {@code tests.txt} says about tests by name: lines {@code WHAT | CLASS#METHOD | reason},
 * where a method {@code *} stands for all of a class. A test on no line runs and passes.
 */
final class TestList {
  private static final String FILE = "tests.txt";
  private static final String EVERY_METHOD = "*";

  /** Why a test is named. */
  enum Mark {
    /** Asks for objects inside Kafka's broker. Does not run. */
    NOT_APPLICABLE("not applicable"),
    /** Waits for a part of Millrace that is not begun. Does not run. */
    LATER("later"),
    /** Runs and is known to fail. */
    FAILS("fails"),
    /** Runs and is known to depend on how fast something is. */
    MAY_FAIL("may fail");

    private final String word;

    Mark(String word) {
      this.word = word;
    }

    String word() {
      return word;
    }

    boolean runs() {
      return this == FAILS || this == MAY_FAIL;
    }

    static Mark of(String word) {
      for (Mark mark : values()) {
        if (mark.word.equals(word)) {
          return mark;
        }
      }
      throw new IllegalArgumentException("\"" + word + "\" marks nothing in " + FILE);
    }
  }

  /** One line. */
  record Entry(Mark mark, PublishedTest name, String reason) {
    boolean holdsFor(PublishedTest test) {
      return name.owner().equals(test.owner())
          && (name.method().equals(EVERY_METHOD) || name.method().equals(test.method()));
    }
  }

  private final List<Entry> entries;

  private TestList(List<Entry> entries) {
    this.entries = List.copyOf(entries);
  }

  static TestList read() {
    try {
      return parse(
          Files.readAllLines(
              Path.of(Objects.requireNonNull(TestList.class.getResource(FILE)).toURI())));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  static TestList parse(List<String> lines) {
    List<Entry> entries = new ArrayList<>();
    for (String line : lines) {
      if (!line.isBlank() && !line.startsWith("#")) {
        String[] columns = line.split("\\|", 3);
        if (columns.length != 3 || columns[2].isBlank()) {
          throw new IllegalArgumentException("Not WHAT | CLASS#METHOD | reason: " + line);
        }
        entries.add(
            new Entry(
                Mark.of(columns[0].strip()),
                PublishedTest.of(columns[1].strip()),
                columns[2].strip()));
      }
    }
    return new TestList(entries);
  }

  Optional<Entry> about(PublishedTest test) {
    return entries.stream().filter(entry -> entry.holdsFor(test)).findFirst();
  }

  boolean mayRun(PublishedTest test) {
    return about(test).map(entry -> entry.mark().runs()).orElse(true);
  }

  /** Names nothing has any more, and tests named twice. */
  List<String> problems(SortedSet<PublishedTest> published) {
    List<String> problems = new ArrayList<>();
    Map<PublishedTest, Integer> named = new TreeMap<>();
    for (Entry entry : entries) {
      List<PublishedTest> those = published.stream().filter(entry::holdsFor).toList();
      if (those.isEmpty()) {
        problems.add(FILE + " names " + entry.name() + ", which is not published");
      }
      those.forEach(test -> named.merge(test, 1, Integer::sum));
    }
    named.forEach((test, times) -> {
      if (times > 1) {
        problems.add(FILE + " names " + test + " " + times + " times");
      }
    });
    return problems;
  }
}
