package io.millrace.conformance.kafka;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.jar.JarFile;
import org.apache.kafka.clients.admin.DeleteTopicTest;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestPlan;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** Finds the test methods in the jar of Kafka's integration tests of its clients, as JUnit does. */
final class PublishedTests {
  /** The jar is the one that this class of it lies in. */
  private static final Class<?> IN_THE_JAR = DeleteTopicTest.class;

  private PublishedTests() {}

  static SortedSet<PublishedTest> all() {
    LauncherDiscoveryRequest request =
        LauncherDiscoveryRequestBuilder.request()
            .selectors(classes().stream().map(name -> selectClass(name)).toList())
            .build();
    TestPlan plan = LauncherFactory.create().discover(request);
    SortedSet<PublishedTest> tests = new TreeSet<>();
    for (var root : plan.getRoots()) {
      plan.getDescendants(root)
          .forEach(found ->
              found
                  .getSource()
                  .filter(MethodSource.class::isInstance)
                  .map(MethodSource.class::cast)
                  .ifPresent(source -> tests.add(of(source))));
    }
    return tests;
  }

  static PublishedTest of(MethodSource source) {
    return new PublishedTest(source.getClassName(), source.getMethodName());
  }

  private static List<String> classes() {
    try (JarFile jar = new JarFile(jar().toFile())) {
      return jar.stream()
          .map(entry -> entry.getName())
          .filter(name -> name.endsWith(".class") && name.indexOf('$') < 0)
          .map(name -> name.substring(0, name.length() - ".class".length()).replace('/', '.'))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path jar() {
    try {
      return Path.of(IN_THE_JAR.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }
}
