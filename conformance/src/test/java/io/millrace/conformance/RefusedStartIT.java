package io.millrace.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Each refusal names the key, value or path and says what to do, prints nothing else, and ends with
 * 1.
 */
class RefusedStartIT {
  @TempDir private Path folder;

  @Test
  void everyProblemOfAFileIsToldAtOnceWithItsLine() throws Exception {
    Path config = folder.resolve("server.properties");
    Files.writeString(
        config,
        """
        # comment
        broker.idd=1
        log.retention.hours=forever
        num.partitions=0
        no.such.thing=1
        listeners=PLAINTEXT//nowhere
        """);

    assertRefused(
        Launcher.run(folder, "start", "--config", config.toString(), "--set", "num.partitons=3"),
        config + " line 2: unknown key broker.idd; did you mean broker.id?",
        config + " line 3: log.retention.hours=forever: expected a 32-bit whole number",
        config + " line 4: num.partitions=0: expected a 32-bit whole number, at least 1",
        config
            + " line 5: unknown key no.such.thing; see docs/reference/configuration.md for all keys",
        "--set: unknown key num.partitons; did you mean num.partitions?",
        config
            + " line 6: listeners: \"PLAINTEXT//nowhere\" is no listener; expected NAME://HOST:PORT");
  }

  @Test
  void everyProblemOfTheCommandLineIsToldAtOnce() throws Exception {
    assertRefused(
        Launcher.run(folder, "start", "--port", "--set", "x", "--data"),
        "unknown argument '--port'; start takes --config FILE, --data DIR, --store LOCATION, --listen HOST:PORT and --set KEY=VALUE",
        "option --set needs KEY=VALUE, not 'x'",
        "option --data needs a value");
  }

  @Test
  void aMissingFileIsNamed() throws Exception {
    Path config = folder.resolve("absent.properties");

    assertRefused(
        Launcher.run(folder, "start", "--config", config.toString()),
        "--config " + config + ": cannot be read: there is no such file");
  }

  @Test
  void aPortInUseIsNamed() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Launcher.Result result = start("127.0.0.1:" + taken.getLocalPort());

      assertThat(result.err())
          .contains(
              "millrace: Listener PLAINTEXT: cannot listen on 127.0.0.1:" + taken.getLocalPort(),
              "in use",
              "stop what uses the port or choose another");
      assertThat(result.err()).doesNotContain("Exception", "\tat ");
      assertThat(result.out()).isEmpty();
      assertThat(result.exitCode()).isEqualTo(1);
    }
  }

  @Test
  void aDataFolderInUseByAnotherProcessIsNamedAndThatProcessGoesOn() throws Exception {
    try (BrokerProcess owner = BrokerProcess.start(folder)) {
      assertRefused(
          start("127.0.0.1:0"),
          "The data folder "
              + folder.resolve("data")
              + " is in use by another process. Stop that process, or start with another folder (--data).");

      assertThat(owner.stop()).isZero();
    }
  }

  @Test
  void aDataFolderOfANewerVersionIsNamedAndLeftAlone() throws Exception {
    try (BrokerProcess earlier = BrokerProcess.start(folder)) {
      earlier.stop();
    }
    Path newest = newestMetadataEntry();
    setFormatVersion(newest, (short) 99);
    byte[] before = Files.readAllBytes(newest);

    Launcher.Result result = start("127.0.0.1:0");

    assertThat(result.err())
        .contains(
            folder.resolve("data").toString(),
            "was written by a newer version of Millrace",
            "format 99, this version reads up to 1",
            "or start with another folder (--data)");
    assertThat(result.out()).isEmpty();
    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(newestMetadataEntry()).isEqualTo(newest).hasBinaryContent(before);
  }

  @Test
  void aFileWhereTheDataFolderShouldBeIsNamed() throws Exception {
    Path data = Files.writeString(folder.resolve("data"), "mine");

    Launcher.Result result = start("127.0.0.1:0");

    assertThat(result.err()).contains("The data folder " + data + " cannot be used");
    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(data).hasContent("mine");
  }

  @Test
  void aStoreWithoutAtomicPutIfAbsentIsRefusedWithTheCheckItFailed() throws Exception {
    try (S3ProxyProcess service = S3ProxyProcess.startCredulous(folder);
        ConditionsDropped store = ConditionsDropped.inFrontOf(service)) {
      List<String> arguments = new ArrayList<>(List.of("start", "--listen", "127.0.0.1:0"));
      arguments.addAll(ClusterProcesses.bucket(store.endpoint()));

      Launcher.Result result =
          Launcher.run(folder, S3ProxyProcess.environment(), arguments.toArray(String[]::new));

      assertThat(result.err().lines().filter(line -> line.startsWith("millrace: ")))
          .singleElement(STRING)
          .matches(
              "millrace: The store s3://bucket/cluster cannot be used: it failed the check that"
                  + " put-if-absent is atomic: \\d+ of 32 racing puts were stored\\.");
      assertThat(result.err()).doesNotContain("Exception");
      assertThat(result.out()).isEmpty();
      assertThat(result.exitCode()).isEqualTo(1);
    }
  }

  private Launcher.Result start(String listen) throws Exception {
    return Launcher.run(
        folder, "start", "--data", folder.resolve("data").toString(), "--listen", listen);
  }

  /** With these lines and no others, apart from the log. */
  private static void assertRefused(Launcher.Result result, String... lines) {
    assertThat(result.err().lines().filter(line -> line.startsWith("millrace: ")))
        .containsExactly(Stream.of(lines).map(line -> "millrace: " + line).toArray(String[]::new));
    assertThat(result.err()).doesNotContain("Exception");
    assertThat(result.out()).isEmpty();
    assertThat(result.exitCode()).isEqualTo(1);
  }

  private Path newestMetadataEntry() throws IOException {
    try (Stream<Path> entries = Files.list(folder.resolve("data/store/meta/log"))) {
      return entries.max(Comparator.naturalOrder()).orElseThrow();
    }
  }

  /** As that version would have written it: with its CRC. */
  private static void setFormatVersion(Path entry, short version) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(entry));
    int end = bytes.limit() - Integer.BYTES;
    bytes.putShort(Integer.BYTES, version);
    CRC32C crc = new CRC32C();
    crc.update(bytes.array(), 0, end);
    bytes.putInt(end, (int) crc.getValue());
    Files.write(entry, bytes.array());
  }
}
