package io.millrace.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Clients of other makers and of other times, each in a process of its own: records in every codec,
 * a group that rebalances, transactions, administration. What is not installed is skipped and says
 * so, unless {@code millrace.clients.required} is set as {@code .ci/clients} does, which installs
 * them.
 */
class OtherClientsIT {
  private static final long PATIENCE_SECONDS = 180;
  private static final Path SCRIPTS = Path.of("src/test/clients");
  private static final Path INSTALLED = Path.of("target/clients");
  private static final List<String> CODECS =
      List.of("codec none", "codec gzip", "codec snappy", "codec lz4", "codec zstd");

  /** Debian's packages are for Debian's own. */
  private static final String PYTHON =
      Files.isExecutable(Path.of("/usr/bin/python3")) ? "/usr/bin/python3" : "python3";

  @TempDir private static Path folder;
  private static BrokerProcess broker;

  @BeforeAll
  static void startBroker() throws Exception {
    broker = BrokerProcess.start(folder, "group.initial.rebalance.delay.ms=0");
  }

  @AfterAll
  static void stopBroker() throws Exception {
    broker.close();
  }

  @Test
  void kcat() throws Exception {
    assumeInstalled("kcat", List.of("kcat", "-V"));

    assertThat(run("kcat", List.of("bash", script("kcat_client.sh")), List.of("transactions")))
        .containsExactlyElementsOf(lines(List.of("group", "offsets"), List.of("transactions")));
  }

  @Test
  void confluentKafkaForPython() throws Exception {
    assumeInstalled("python3-confluent-kafka", List.of(PYTHON, "-c", "import confluent_kafka"));

    List<String> steps = List.of("transactions", "admin");
    assertThat(run("confluent", List.of(PYTHON, script("confluent_kafka_client.py")), steps))
        .containsExactlyElementsOf(
            lines(List.of("group range", "group cooperative-sticky"), steps));
  }

  @Test
  void kafkaPython() throws Exception {
    assumeInstalled("python3-kafka", List.of(PYTHON, "-c", "import kafka, snappy, lz4, zstandard"));

    assertThat(run("kafka-python", List.of(PYTHON, script("kafka_python_client.py")), List.of()))
        .containsExactlyElementsOf(lines(List.of("group", "admin"), List.of()));
  }

  @Test
  void kafkaJs() throws Exception {
    List<String> steps = List.of("transactions", "admin");
    assertThat(run("kafkajs", node("kafkajs_client.js"), steps))
        .containsExactlyElementsOf(lines(List.of("group"), steps));
  }

  @Test
  void platformaticForNode() throws Exception {
    assertThat(run("platformatic", node("platformatic_client.js"), List.of()))
        .containsExactlyElementsOf(lines(List.of("group", "admin"), List.of()));
  }

  /** Groups: an assignor of the client's, or the protocol whose assignors are the broker's. */
  @ParameterizedTest
  @CsvSource({
    "2.1.1, RangeAssignor RoundRobinAssignor StickyAssignor",
    "2.8.2, RangeAssignor CooperativeStickyAssignor",
    "3.9.1, RangeAssignor CooperativeStickyAssignor",
    "4.3.1, RangeAssignor CooperativeStickyAssignor consumer"
  })
  void javaClient(String version, String groups) throws Exception {
    Path jars = INSTALLED.resolve("java-" + version);
    List<String> kinds = List.of(groups.split(" ", -1));
    List<String> steps = new ArrayList<>(List.of("codecs"));
    kinds.forEach(kind -> steps.add("group:" + kind));
    steps.addAll(List.of("transactions", "admin"));
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            jars + "/*:target/test-classes",
            JavaClientSession.class.getName());

    assertThat(run("java-" + version, command, steps))
        .containsExactlyElementsOf(
            lines(
                kinds.stream().map(kind -> "group " + kind).toList(),
                List.of("transactions", "admin")));
  }

  private static List<String> lines(List<String> more, List<String> steps) {
    return Stream.of(CODECS, more, steps).flatMap(List::stream).toList();
  }

  private static String script(String name) {
    return SCRIPTS.resolve(name).toString();
  }

  /** Modules are looked for beside the script. */
  private static List<String> node(String script) throws Exception {
    String node = INSTALLED.resolve("node/node_modules/node/bin/node").toString();
    assumeInstalled("node clients", List.of(node, "--version"));
    Path copy = INSTALLED.resolve("node").resolve(script);
    Files.copy(SCRIPTS.resolve(script), copy, StandardCopyOption.REPLACE_EXISTING);
    return List.of(node, copy.toString());
  }

  private static void assumeInstalled(String what, List<String> check) throws Exception {
    boolean installed;
    try {
      Process process =
          new ProcessBuilder(check)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      installed = process.waitFor() == 0;
    } catch (IOException e) {
      installed = false;
    }
    if (Boolean.getBoolean("millrace.clients.required")) {
      assertThat(installed).as("%s is installed", what).isTrue();
    }
    assumeTrue(installed, what + " is not installed here; .ci/clients installs it");
  }

  /** What the client printed, line by line; it gets the broker's address and a name. */
  private static List<String> run(String name, List<String> client, List<String> steps)
      throws Exception {
    List<String> command = new ArrayList<>(client);
    command.addAll(List.of(broker.address(), name));
    command.addAll(steps);
    Path out = folder.resolve(name + ".out");
    Path err = folder.resolve(name + ".err");
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    boolean ended = process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS);
    process.destroyForcibly();
    assertThat(ended && process.exitValue() == 0)
        .as(
            "%s ends well\n%s\n%s\nbroker: %s",
            name, Files.readString(out), Files.readString(err), tail(broker.logged()))
        .isTrue();
    return Files.readAllLines(out);
  }

  private static String tail(String log) {
    return log.substring(Math.max(0, log.length() - 5000));
  }
}
