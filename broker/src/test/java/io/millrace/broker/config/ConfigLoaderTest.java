package io.millrace.broker.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.objectstore.location.StoreLocation;
import io.millrace.objectstore.s3.S3Endpoint;
import io.millrace.storage.metadata.MetadataImage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** From what the start command was given to a configuration or to all its problems. */
class ConfigLoaderTest {

  @Test
  void nothingGivenMeansLoopbackAndTheDefaults() {
    // when
    BrokerConfig config = loaded("").config();
    // then
    assertThat(config.dataDirectory()).isEqualTo(Path.of("data"));
    assertThat(config.nodeId()).isEqualTo(1);
    assertThat(BrokerConfig.of(Map.of()).listeners())
        .containsExactly(
            new Listener("PLAINTEXT", "127.0.0.1", 9092, "127.0.0.1", 9092, "PLAINTEXT"));
  }

  @Test
  void theFileOfKafka43WorksAsItIs() throws IOException {
    // when
    ConfigLoader.Loaded loaded = loaded(resource("kafka-4.3.properties"));
    // then
    assertThat(loaded.config().listeners())
        .containsExactly(new Listener("PLAINTEXT", "", 9092, "localhost", 9092, "PLAINTEXT"));
    assertThat(loaded.config().dataDirectory()).isEqualTo(Path.of("/tmp/kraft-combined-logs"));
    assertThat(loaded.notices())
        .anyMatch(line -> line.startsWith("listener CONTROLLER://:9093 is not opened"))
        .anyMatch(line -> line.startsWith("controller.quorum.bootstrap.servers has no effect."))
        .anyMatch(line -> line.startsWith("num.io.threads has no effect."));
  }

  @Test
  void aFileOfAZooKeeperClusterWorksAsItIs() throws IOException {
    // when
    ConfigLoader.Loaded loaded = loaded(resource("kafka-2.8.properties"));
    // then
    assertThat(loaded.config().nodeId()).isEqualTo(7);
    assertThat(loaded.config().listeners())
        .containsExactly(
            new Listener("PLAINTEXT", "127.0.0.1", 9192, "broker-7.example", 19192, "PLAINTEXT"));
    assertThat(loaded.config().get(RequestKeys.AUTO_CREATE_TOPICS)).isFalse();
    assertThat(loaded.notices())
        .anyMatch(line -> line.startsWith("zookeeper.connect has no effect."))
        .anyMatch(line -> line.startsWith("super.users has no effect."))
        .anyMatch(line -> line.startsWith("cruise.control.metrics.topic.auto.create has no effect"))
        .anyMatch(line -> line.startsWith("listener.name.plaintext.connections.max.idle.ms has"))
        .anyMatch(line -> line.startsWith("confluent.support.metrics.enable has no effect."));
  }

  @Test
  void aKeyThatIsInForceIsNotTalkedAbout() {
    assertThat(loaded("num.partitions=3\nlisteners=PLAINTEXT://h:1").notices()).isEmpty();
  }

  @Test
  void allProblemsAreToldAtOnceWithTheirLines() {
    // given
    String text =
        """
        num.partitions=zero
        num.partitons=3
        # fine
        message.max.bytes=-1
        compression.type=brotli
        listeners=PLAINTEXT://a:9092,EXTERNAL://b:9093
        broker.id=2
        node.id=3
        """;
    // when
    List<String> lines = refused(text, "group.min.session.timeout.ms=2000000");
    // then
    assertThat(lines)
        .containsExactlyInAnyOrder(
            "server.properties line 1: num.partitions=zero: expected a 32-bit whole number, at"
                + " least 1",
            "server.properties line 2: unknown key num.partitons; did you mean num.partitions?",
            "server.properties line 4: message.max.bytes=-1: expected a 32-bit whole number, at"
                + " least 0",
            "server.properties line 5: compression.type=brotli: expected one of"
                + " uncompressed, zstd, lz4, snappy, gzip, producer",
            "listener EXTERNAL has no security protocol; add EXTERNAL:PLAINTEXT to"
                + " listener.security.protocol.map",
            "server.properties line 7: broker.id=2 and node.id=3 name different nodes; keep"
                + " node.id only",
            "--set: group.min.session.timeout.ms=2000000 is above"
                + " group.max.session.timeout.ms=1800000");
  }

  @Test
  void anUnknownKeyWithoutANearOnePointsToTheReference() {
    assertThat(refused("completely.different.thing.altogether=1"))
        .singleElement()
        .asString()
        .contains("unknown key", "docs/reference/configuration.md");
  }

  @Test
  void theCommandLineGoesBeforeTheFile() {
    // when
    ConfigLoader.Outcome outcome =
        ConfigLoader.load(
            new StartOptions(
                Optional.of(
                    ConfigFile.parse(
                        "f",
                        """
                        num.partitions=2
                        num.network.threads=2
                        log.dirs=/file
                        listeners=PLAINTEXT://file:1
                        advertised.listeners=PLAINTEXT://told:1
                        """)),
                List.of("num.partitions=5", "log.dirs=/set"),
                Optional.of("0.0.0.0:7"),
                Optional.of("/data"),
                Optional.empty(),
                Map.of(),
                TextFiles.none(),
                () -> "this.host"));
    // then
    BrokerConfig config = ((ConfigLoader.Loaded) outcome).config();
    assertThat(config.get(RequestKeys.NUM_PARTITIONS)).isEqualTo(5);
    assertThat(config.get(NetworkKeys.NUM_NETWORK_THREADS)).isEqualTo(2);
    assertThat(config.dataDirectory()).isEqualTo(Path.of("/data"));
    assertThat(config.listeners())
        .containsExactly(new Listener("PLAINTEXT", "0.0.0.0", 7, "this.host", 7, "PLAINTEXT"));
  }

  @Test
  void aSharedStoreNeedsNoFolderAndNoNumber() {
    // when
    ConfigLoader.Loaded loaded = shared("file:/mnt/store", "log.dirs=/data\n");
    // then
    assertThat(loaded.config().store())
        .contains(new StoreLocation.Directory(Path.of("/mnt/store")));
    assertThat(loaded.config().givenNodeId()).isEmpty();
    assertThat(shared("file:/s", "node.id=4\n").config().givenNodeId()).hasValue(4);
    assertThat(shared("file:/s", "broker.id=5\n").config().givenNodeId()).hasValue(5);
    assertThat(loaded.notices())
        .contains(
            "log.dirs is not used: with store=file:/mnt/store nothing is kept on this machine's"
                + " own disk.");
    assertThat(loaded("store=file:/file\n").config().store()).isPresent();
    assertThat(loaded("").config().store()).isEmpty();
  }

  @Test
  void aBucketsEndpointHasKeysOfItsOwn() {
    // when
    ConfigLoader.Loaded loaded =
        shared(
            "s3://bucket/some/prefix",
            """
            store.s3.endpoint=http://127.0.0.1:9000
            store.s3.region=eu-central-1
            store.s3.path.style=true
            """);
    // then
    assertThat(loaded.config().store())
        .contains(
            StoreLocation.parse(
                "s3://bucket/some/prefix",
                S3Endpoint.of("http://127.0.0.1:9000", "eu-central-1", true)));
  }

  @Test
  void whatIsNoStoreIsRefused() {
    assertThat(refused("store=bucket\n"))
        .singleElement()
        .asString()
        .startsWith("server.properties line 1: store=bucket: ")
        .contains("file:DIR");
    assertThat(refused("store=s3://b/p\nstore.s3.endpoint=9000\n")).hasSize(1);
  }

  @Test
  void brokersMeetOnAListenerThatIsThere() {
    String two =
        """
        listeners=PLAINTEXT://a:1,INSIDE://b:2
        listener.security.protocol.map=PLAINTEXT:PLAINTEXT,INSIDE:PLAINTEXT
        """;
    assertThat(loaded(two).config().interBrokerListener()).isEqualTo("PLAINTEXT");
    assertThat(loaded(two + "inter.broker.listener.name=inside\n").config().interBrokerListener())
        .isEqualTo("INSIDE");

    assertThat(refused(two + "inter.broker.listener.name=OTHER\n"))
        .containsExactly(
            "server.properties line 3: inter.broker.listener.name=OTHER is none of the listeners"
                + " that are opened (PLAINTEXT, INSIDE)");
  }

  @Test
  void aBrokersSessionOutlastsSomeHeartbeats() {
    assertThat(refused("broker.session.timeout.ms=4000\n"))
        .containsExactly(
            "server.properties line 1: broker.session.timeout.ms=4000 is not above twice"
                + " broker.heartbeat.interval.ms=2000");
  }

  private static ConfigLoader.Loaded shared(String store, String text) {
    return (ConfigLoader.Loaded)
        ConfigLoader.load(
            new StartOptions(
                Optional.of(ConfigFile.parse("server.properties", text)),
                List.of(),
                Optional.empty(),
                Optional.empty(),
                Optional.of(store),
                Map.of(),
                TextFiles.none(),
                () -> "this.host"));
  }

  @Test
  void whatTheCommandLineGivesIsCheckedToo() {
    // when
    ConfigLoader.Outcome outcome =
        ConfigLoader.load(
            new StartOptions(
                Optional.empty(),
                List.of("num.partitions"),
                Optional.of("9092"),
                Optional.of("a,b"),
                Optional.empty(),
                Map.of(),
                TextFiles.none(),
                () -> "this.host"));
    // then
    assertThat(((ConfigLoader.Refused) outcome).lines())
        .containsExactly(
            "--set: \"num.partitions\" is not KEY=VALUE",
            "--listen: \"9092\" is no address; expected HOST:PORT, such as 127.0.0.1:9092",
            "--data: \"a,b\" has a comma; data directories cannot have one in their names");
  }

  @Test
  void ofSeveralDataDirectoriesTheFirstIsUsedAndTheLogSaysSo() {
    // when
    ConfigLoader.Loaded loaded = loaded("log.dirs=/a, /b");
    // then
    assertThat(loaded.config().dataDirectory()).isEqualTo(Path.of("/a"));
    assertThat(loaded.notices()).anyMatch(line -> line.contains("only /a is used"));
  }

  @Test
  void aKeyGivenTwiceCountsAsTheLastAndTheLogSaysSo() {
    // when
    ConfigLoader.Loaded loaded = loaded("num.partitions=2\nnum.partitions=4");
    // then
    assertThat(loaded.config().get(RequestKeys.NUM_PARTITIONS)).isEqualTo(4);
    assertThat(loaded.notices()).anyMatch(line -> line.contains("on line 1 and line 2"));
  }

  @Test
  void aFileThatCannotBeReadIsAProblem() {
    // given
    TextFiles files =
        path -> {
          throw new NoSuchFileException(path.toString());
        };
    // when
    ConfigFile file = ConfigFile.read(Path.of("absent.properties"), files);
    // then
    assertThat(file.problems())
        .containsExactly(
            new ConfigProblem(
                "--config absent.properties", "cannot be read: there is no such file"));
  }

  @Test
  void keysOfAConfiguredPlugInAreAcceptedAndOthersAreNot() {
    String plugIn = "authorizer.class.name=org.example.opabox.OpaboxAuthorizer\n";
    assertThat(loaded(plugIn + "opabox.url=http://h").notices())
        .anyMatch(line -> line.startsWith("opabox.url has no effect."));
    assertThat(refused("opabox.url=http://h")).hasSize(1);
  }

  @Test
  void providersReplaceReferences() {
    // given
    String text =
        """
        config.providers=env,file
        config.providers.env.class=org.apache.kafka.common.config.provider.EnvVarConfigProvider
        config.providers.file.class=org.apache.kafka.common.config.provider.FileConfigProvider
        num.partitions=${env:PARTS}
        broker.rack=zone-${file:/etc/zone.properties:zone}
        """;
    // when
    BrokerConfig config =
        ((ConfigLoader.Loaded)
                load(text, Map.of("PARTS", "6"), path -> "zone=" + path.getFileName() + "\n"))
            .config();
    // then
    assertThat(config.get(RequestKeys.NUM_PARTITIONS)).isEqualTo(6);
    assertThat(config.get(NodeKeys.BROKER_RACK)).isEqualTo("zone-zone.properties");
  }

  @Test
  void referencesToNothingAndUnknownProvidersAreProblems() {
    // given
    String text =
        """
        config.providers=env,vault
        config.providers.env.class=org.apache.kafka.common.config.provider.EnvVarConfigProvider
        config.providers.vault.class=org.example.Vault
        broker.rack=${env:ABSENT}
        """;
    // when
    List<String> lines = ((ConfigLoader.Refused) load(text, Map.of(), TextFiles.none())).lines();
    // then
    assertThat(lines).anyMatch(line -> line.contains("org.example.Vault"));
    assertThat(lines).anyMatch(line -> line.contains("${env:ABSENT}, which does not exist"));
  }

  @Test
  void thereIsAlwaysALimitOfQueuedBytes() {
    assertThat(loaded("queued.max.request.bytes=-1").config().queuedRequestBytesMax())
        .isEqualTo(128 << 20);
    assertThat(loaded("queued.max.request.bytes=5").config().queuedRequestBytesMax()).isEqualTo(5);
  }

  @Test
  void limitsPerAddressAreRead() {
    assertThat(
            loaded("max.connections.per.ip.overrides=10.0.0.1:7,::1:9")
                .config()
                .connectionsPerIpOverrides())
        .isEqualTo(Map.of("10.0.0.1", 7, "::1", 9));
    assertThat(refused("max.connections.per.ip.overrides=10.0.0.1")).hasSize(1);
  }

  @Test
  void secretsStandInNoDescription() {
    // when
    BrokerConfig config = loaded("ssl.key.password=hush").config();
    // then
    List<ConfigEntry> shown = new BrokerConfigs(config, 1).describe(MetadataImage.EMPTY);
    assertThat(shown)
        .filteredOn(entry -> entry.name().equals("ssl.key.password"))
        .allMatch(entry -> entry.sensitive() && entry.value() == null);
    assertThat(shown.toString()).doesNotContain("hush");
  }

  static ConfigLoader.Loaded loaded(String text) {
    ConfigLoader.Outcome outcome = load(text, Map.of(), TextFiles.none());
    assertThat(outcome).isInstanceOf(ConfigLoader.Loaded.class);
    return (ConfigLoader.Loaded) outcome;
  }

  static List<String> refused(String text, String... overrides) {
    ConfigLoader.Outcome outcome =
        ConfigLoader.load(
            new StartOptions(
                Optional.of(ConfigFile.parse("server.properties", text)),
                List.of(overrides),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Map.of(),
                TextFiles.none(),
                () -> "this.host"));
    assertThat(outcome).isInstanceOf(ConfigLoader.Refused.class);
    return ((ConfigLoader.Refused) outcome).lines();
  }

  private static ConfigLoader.Outcome load(
      String text, Map<String, String> environment, TextFiles files) {
    return ConfigLoader.load(
        new StartOptions(
            Optional.of(ConfigFile.parse("server.properties", text)),
            List.of(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            environment,
            files,
            () -> "this.host"));
  }

  private static String resource(String name) throws IOException {
    try (InputStream stream = ConfigLoaderTest.class.getResourceAsStream(name)) {
      return new String(Objects.requireNonNull(stream).readAllBytes(), StandardCharsets.ISO_8859_1);
    }
  }
}
