package io.millrace.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is on the broker's class path, and what of it a broker pays for. */
class DistributionIT {
  @TempDir private Path folder;

  @Test
  void theClassPathHasTheS3ClientAndNothingOfTheTests() throws IOException {
    Path lib = Path.of(Launcher.path()).resolveSibling("lib");
    try (Stream<Path> files = Files.list(lib)) {
      List<String> jars = files.map(file -> file.getFileName().toString()).toList();

      assertThat(jars)
          .anyMatch(jar -> jar.startsWith("s3-2."))
          .anyMatch(jar -> jar.startsWith("apache5-client-"))
          .anyMatch(jar -> jar.startsWith("sts-"));
      assertThat(jars)
          .noneMatch(jar -> jar.startsWith("s3proxy"))
          .noneMatch(jar -> jar.startsWith("netty-nio-client"))
          .noneMatch(jar -> jar.startsWith("jackson") && !jar.startsWith("jackson-core"))
          .noneMatch(jar -> jar.startsWith("guava"));
    }
  }

  @Test
  void aBrokerOnAFolderLoadsNothingOfTheS3Client() throws Exception {
    Path loaded = folder.resolve("classes.log");
    int port = BrokerProcess.freePort();
    List<String> command =
        List.of(
            "env",
            "MILLRACE_OPTS=-Xlog:class+load:file=" + loaded,
            Launcher.path(),
            "start",
            "--data",
            folder.resolve("data").toString(),
            "--listen",
            "127.0.0.1:" + port);
    try (BrokerProcess broker = BrokerProcess.run(folder, port, command)) {
      broker.stop();
    }

    assertThat(Files.readString(loaded))
        .contains("io.millrace.objectstore.DirectoryStore")
        .doesNotContain("software.amazon", "org.apache.hc.");
  }
}
