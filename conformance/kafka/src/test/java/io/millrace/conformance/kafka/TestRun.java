package io.millrace.conformance.kafka;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.platform.engine.FilterResult;
import org.junit.platform.engine.TestDescriptor;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.PostDiscoveryFilter;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** One run of published tests, each on the clusters it declares. */
final class TestRun implements TestExecutionListener {
  /**
   * Extensions are found as services, ours only. Kafka's annotations limit a test's time; a test
   * that does not heed an interrupt is left behind. Tests mostly wait, so classes may run beside
   * each other.
   */
  private static final Map<String, String> SETTINGS =
      Map.of(
          "junit.jupiter.execution.parallel.config.executor-service", "WORKER_THREAD_POOL",
          "junit.jupiter.extensions.autodetection.enabled", "true",
          "junit.jupiter.extensions.autodetection.include", "io.millrace.*",
          "junit.jupiter.execution.timeout.thread.mode.default", "SEPARATE_THREAD",
          "junit.jupiter.execution.parallel.enabled", "true",
          "junit.jupiter.execution.parallel.mode.default", "same_thread",
          "junit.jupiter.execution.parallel.mode.classes.default", "concurrent",
          "junit.jupiter.execution.parallel.config.strategy", "fixed");

  private static final String PARALLELISM =
      "junit.jupiter.execution.parallel.config.fixed.parallelism";
  private static final String POOL_SIZE =
      "junit.jupiter.execution.parallel.config.fixed.max-pool-size";

  private final Progress progress;
  private final SortedMap<PublishedTest, Outcome> outcomes = new TreeMap<>();
  private final Map<PublishedTest, Long> beganNs = new HashMap<>();

  /** Is told of each test as it ends. */
  interface Progress {
    void onFinished(PublishedTest test, Outcome outcome, Duration took);
  }

  /**
   * What became of a test.
   *
   * @param invocations one for each cluster that it declares
   * @param failure the first
   */
  record Outcome(int invocations, int failed, Optional<Throwable> failure) {
    private static final Outcome NONE = new Outcome(0, 0, Optional.empty());

    boolean passed() {
      return failed == 0 && invocations > 0;
    }

    private Outcome plus(TestExecutionResult result, boolean invocation) {
      boolean fails = result.getStatus() != TestExecutionResult.Status.SUCCESSFUL;
      return new Outcome(
          invocations + (invocation ? 1 : 0),
          failed + (fails ? 1 : 0),
          failure.or(result::getThrowable));
    }
  }

  private TestRun(Progress progress) {
    this.progress = progress;
  }

  /**
   * @param atOnce classes that run beside each other
   */
  static SortedMap<PublishedTest, Outcome> of(
      Set<PublishedTest> tests, int atOnce, Progress progress) {
    PostDiscoveryFilter wanted =
        found -> FilterResult.includedIf(named(found).map(tests::contains).orElse(true));
    LauncherDiscoveryRequest request =
        LauncherDiscoveryRequestBuilder.request()
            .selectors(
                tests.stream()
                    .map(PublishedTest::owner)
                    .distinct()
                    .map(owner -> selectClass(owner))
                    .toList())
            .filters(wanted)
            .configurationParameters(SETTINGS)
            .configurationParameter(PARALLELISM, String.valueOf(atOnce))
            .configurationParameter(POOL_SIZE, String.valueOf(atOnce))
            .build();
    TestRun run = new TestRun(progress);
    LauncherFactory.create().execute(request, run);
    return run.outcomes;
  }

  private static Optional<PublishedTest> named(TestDescriptor found) {
    return found
        .getSource()
        .filter(MethodSource.class::isInstance)
        .map(source -> PublishedTests.of((MethodSource) source));
  }

  private static Optional<PublishedTest> named(TestIdentifier found) {
    return found
        .getSource()
        .filter(MethodSource.class::isInstance)
        .map(source -> PublishedTests.of((MethodSource) source));
  }

  @Override
  public synchronized void executionStarted(TestIdentifier started) {
    named(started).ifPresent(test -> beganNs.putIfAbsent(test, System.nanoTime()));
  }

  @Override
  public synchronized void executionFinished(TestIdentifier finished, TestExecutionResult result) {
    named(finished)
        .ifPresent(test -> {
          Outcome outcome =
              outcomes.getOrDefault(test, Outcome.NONE).plus(result, finished.isTest());
          outcomes.put(test, outcome);
          if (finished.isContainer()) {
            Duration took =
                Duration.ofNanos(System.nanoTime() - beganNs.getOrDefault(test, System.nanoTime()));
            progress.onFinished(test, outcome, took);
          }
        });
  }
}
