package io.millrace.conformance.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * Runs Apache Kafka's tests: a part of them, or, with {@code -Dkafka.tests=all}, all and writes
 * docs/reference/conformance.md. Names of classes and {@code CLASS#METHOD}, by comma, run those and
 * add them to the outcomes; {@code page} writes the page of the outcomes.
 */
class KafkaTestsIT {
  private static final Path PAGE = Path.of("../../docs/reference/conformance.md");
  private static final double SHARE_MIN = 0.98;
  private static final int AT_ONCE = 2;

  /** What every build runs: within a minute something of every kind. */
  private static final List<String> PART =
      List.of(
          "AutoTopicCreationTest",
          "ListOffsetsIntegrationTest#testListMaxTimestampWithEmptyLog",
          "PlaintextConsumerAssignTest#testClassicAssignAndCommitSyncAllConsumed",
          "PlaintextConsumerCommitTest#testClassicConsumerAutoCommitOnRebalance",
          "PlaintextConsumerTest#testClassicConsumerGroupConsumptionWithTwoMembers",
          "ProducerCompressionTest");

  private final SortedSet<PublishedTest> published = PublishedTests.all();
  private final TestList list = TestList.read();

  @Test
  void everyNameOnTheListIsPublishedAndNamedOnce() {
    assertThat(list.problems(published)).isEmpty();
  }

  @Test
  void thePageHasALineForEveryTest() throws IOException {
    Set<String> lines = new TreeSet<>();
    String owner = "";
    for (String line : Files.readAllLines(PAGE)) {
      if (line.startsWith("`")) {
        owner = line.replace("`", "");
      } else if (!owner.isEmpty() && line.startsWith("| ")) {
        lines.add(owner + "#" + line.substring(2, line.indexOf(" | ", 2)));
      }
    }
    assertThat(published).allSatisfy(test -> assertThat(lines).contains(test.toString()));
  }

  @Test
  void everyTestThatIsNotExcusedPasses() throws IOException {
    String wanted = System.getProperty("kafka.tests", "part");
    int runs = Integer.getInteger("kafka.tests.runs", 1);
    if (!wanted.equals("page")) {
      if (wanted.equals("all")) {
        Outcomes.clear();
      }
      SortedSet<PublishedTest> tests = tests(wanted);
      assertThat(tests).isNotEmpty();
      List<String> surprises = new ArrayList<>();
      for (int run = 0; run < runs; run++) {
        surprises.addAll(run(tests, !wanted.equals("part")));
      }
      if (!wanted.equals("all")) {
        assertThat(surprises).isEmpty();
      }
    }
    if (wanted.equals("all") || wanted.equals("page")) {
      writePage();
    }
  }

  private SortedSet<PublishedTest> tests(String wanted) {
    List<String> names = wanted.equals("part") ? PART : List.of(wanted.split(","));
    return published.stream()
        .filter(list::mayRun)
        .filter(
            test -> wanted.equals("all") || names.stream().anyMatch(name -> isNamed(test, name)))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** By class or class and method, with or without the package. */
  private static boolean isNamed(PublishedTest test, String name) {
    String full = test.toString();
    return full.equals(name)
        || full.endsWith("." + name)
        || test.owner().equals(name)
        || test.owner().endsWith("." + name);
  }

  /** Says what has failed and is not known to. */
  private List<String> run(SortedSet<PublishedTest> tests, boolean kept) {
    List<String> surprises = new ArrayList<>();
    TestRun.Progress progress =
        (test, outcome, took) -> {
          if (kept) {
            Outcomes.add(test, outcome);
          }
          System.out.println(line(test, outcome, took));
          if (!outcome.passed() && list.about(test).isEmpty()) {
            surprises.add(line(test, outcome, took));
          }
        };
    // what may fail does so by what is slower or faster here: it runs with nothing beside it
    SortedSet<PublishedTest> alone = new TreeSet<>(tests);
    alone.removeIf(test -> list.about(test).isEmpty());
    SortedSet<PublishedTest> others = new TreeSet<>(tests);
    others.removeAll(alone);
    Set<PublishedTest> ran = new TreeSet<>(TestRun.of(others, AT_ONCE, progress).keySet());
    ran.addAll(TestRun.of(alone, 1, progress).keySet());
    assertThat(ran).as("a class that fails before its tests has run none").isEqualTo(tests);
    return surprises;
  }

  private static String line(PublishedTest test, TestRun.Outcome outcome, Duration took) {
    String result =
        outcome.passed()
            ? "passed"
            : "FAILED " + outcome.failure().map(Throwable::toString).orElse("");
    return "%s, %d clusters, %d ms: %s"
        .formatted(test, outcome.invocations(), took.toMillis(), result);
  }

  private void writePage() throws IOException {
    ConformancePage page = new ConformancePage(published, list, Outcomes.read());
    assertThat(page.missing()).isEmpty();
    Files.writeString(PAGE, page.text());
    assertThat(page.unexplained()).isEmpty();
    assertThat(page.share()).isGreaterThanOrEqualTo(SHARE_MIN);
  }
}
