package io.millrace.broker.network;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.broker.api.ApiFeatures;
import io.millrace.broker.api.ApiTable;
import io.millrace.broker.api.Dispatcher;
import io.millrace.broker.api.RequestCounters;
import io.millrace.broker.cluster.BrokerLink;
import io.millrace.broker.config.Listener;
import io.millrace.runtime.SystemClock;
import io.millrace.storage.WriterId;
import io.millrace.storage.cluster.PeerCodec;
import io.millrace.storage.cluster.PeerOutcome;
import io.millrace.storage.cluster.PeerReply;
import io.millrace.storage.cluster.PeerRequest;
import io.millrace.storage.metadata.MetadataRecord.Endpoint;
import io.netty.util.ResourceLeakDetector;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.ApiVersionsResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Brokers that talk over real sockets on the loopback. */
class PeerConnectionsTest {
  private static final long PATIENCE_NS = TimeUnit.SECONDS.toNanos(30);
  private static final long SHORT_NS = TimeUnit.MILLISECONDS.toNanos(50);
  private static final PeerRequest HEARTBEAT = new PeerRequest.Heartbeat(new WriterId(1, 2), 7, 30);
  private static final PeerRequest SUSPECT =
      new PeerRequest.Suspect(new WriterId(1, 2), new WriterId(3, 4));
  private static final PeerReply ALIVE = new PeerReply.Alive(new WriterId(5, 6), 2, 9, 15);

  private final SystemClock clock = new SystemClock();
  private final NetworkCounters counters = new NetworkCounters(clock);
  private final ExecutorService names = Executors.newSingleThreadExecutor();
  private final PeerConnections peers = new PeerConnections(names);
  private final BlockingQueue<CompletableFuture<PeerReply>> held = new LinkedBlockingQueue<>();
  private final List<TestClient> clients = new ArrayList<>();
  private @Nullable NetworkServer server;

  @BeforeAll
  static void findLeaks() {
    ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
  }

  @AfterEach
  void close() throws IOException {
    for (TestClient client : clients) {
      client.close();
    }
    peers.close();
    names.shutdown();
    if (server != null) {
      server.close();
    }
  }

  /** Answers heartbeats; keeps everything else for the test to answer. */
  private CompletableFuture<PeerReply> answer(PeerRequest request) {
    if (request.equals(HEARTBEAT)) {
      return CompletableFuture.completedFuture(ALIVE);
    }
    CompletableFuture<PeerReply> reply = new CompletableFuture<>();
    held.add(reply);
    return reply;
  }

  private int start(NetworkSettings settings, int port) throws Exception {
    NetworkServer started = new NetworkServer(settings, counters, clock);
    server = started;
    int bound =
        started
            .bind(
                List.of(new Listener("PLAINTEXT", "127.0.0.1", port, "127.0.0.1", 0, "PLAINTEXT")))
            .getFirst()
            .port();
    started.openToPeers(this::answer);
    return bound;
  }

  private int start() throws Exception {
    return start(NetworkSettings.DEFAULT, 0);
  }

  private NetworkServer server() {
    return Objects.requireNonNull(server);
  }

  private TestClient connect(int port) throws IOException {
    TestClient client = new TestClient(port);
    clients.add(client);
    return client;
  }

  private static Dispatcher dispatcher() {
    return new Dispatcher(new ApiTable(List.of(), () -> ApiFeatures.NONE), new RequestCounters());
  }

  private static byte[] apiVersions() {
    return TestClient.frame(ApiKeys.API_VERSIONS, (short) 0, 1, new ApiVersionsRequestData());
  }

  private PeerOutcome call(int port, PeerRequest request, long timeoutNs) {
    return peers.call(endpoint(port), request, timeoutNs).join();
  }

  private static Endpoint endpoint(int port) {
    return new Endpoint("PLAINTEXT", "localhost", port, "PLAINTEXT");
  }

  private static int freePort() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return free.getLocalPort();
    }
  }

  @Test
  void anotherBrokerIsAnsweredBeforeClientsAreServed() throws Exception {
    int port = start();

    assertThat(call(port, HEARTBEAT, PATIENCE_NS)).isEqualTo(new PeerOutcome.Answered(ALIVE));
  }

  @Test
  void aRequestOfKafkasIsAnsweredAsAClientsWouldBe() throws Exception {
    int port = start();
    assertThat(ask(port)).isInstanceOf(BrokerLink.Outcome.Silent.class);

    server().open(dispatcher());

    assertThat(ask(port))
        .isInstanceOfSatisfying(
            BrokerLink.Outcome.Answered.class,
            answered ->
                assertThat(answered.response())
                    .isInstanceOfSatisfying(
                        ApiVersionsResponseData.class,
                        versions -> assertThat(versions.apiKeys()).isNotEmpty()));
    assertThat(call(port, HEARTBEAT, PATIENCE_NS)).isEqualTo(new PeerOutcome.Answered(ALIVE));
  }

  private BrokerLink.Outcome ask(int port) {
    return peers
        .call(
            endpoint(port),
            new ApiVersionsRequestData()
                .setClientSoftwareName("broker")
                .setClientSoftwareVersion("1"),
            (short) 4,
            PATIENCE_NS)
        .join();
  }

  @Test
  void anAnswerOfKafkasThatCannotBeReadIsSilence() throws Exception {
    try (ServerSocket strange = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      CompletableFuture<BrokerLink.Outcome> outcome =
          peers.call(
              endpoint(strange.getLocalPort()),
              new ApiVersionsRequestData(),
              (short) 0,
              PATIENCE_NS);
      try (Socket accepted = strange.accept()) {
        DataInputStream in = new DataInputStream(accepted.getInputStream());
        ByteBuffer request = ByteBuffer.wrap(in.readNBytes(in.readInt()));
        accepted
            .getOutputStream()
            .write(
                ByteBuffer.allocate(3 * Integer.BYTES)
                    .putInt(2 * Integer.BYTES)
                    .putInt(request.getInt(2 * Short.BYTES))
                    .putInt(-1)
                    .array());

        assertThat(outcome.get(PATIENCE_NS, TimeUnit.NANOSECONDS))
            .isInstanceOfSatisfying(
                BrokerLink.Outcome.Silent.class,
                silent -> assertThat(silent.reason()).contains("sends what is no answer"));
      }
    }
  }

  @Test
  void wherePortsAreClosedTheProcessIsGone() throws Exception {
    assertThat(call(freePort(), HEARTBEAT, PATIENCE_NS)).isInstanceOf(PeerOutcome.Refused.class);
  }

  @Test
  void aHostNobodyKnowsIsSilentNotGone() {
    Endpoint nowhere = new Endpoint("PLAINTEXT", "no-such-host.invalid", 9, "PLAINTEXT");

    assertThat(peers.call(nowhere, HEARTBEAT, PATIENCE_NS).join())
        .isInstanceOf(PeerOutcome.Silent.class);
  }

  @Test
  void aRequestThatIsNotAnsweredDoesNotHoldUpOthers() throws Exception {
    int port = start();
    CompletableFuture<PeerOutcome> slow = peers.call(endpoint(port), SUSPECT, PATIENCE_NS);
    CompletableFuture<PeerReply> itsReply = held.take();

    assertThat(call(port, HEARTBEAT, PATIENCE_NS)).isEqualTo(new PeerOutcome.Answered(ALIVE));
    assertThat(slow).isNotDone();
    itsReply.complete(new PeerReply.Opinion(true));

    assertThat(slow.join()).isEqualTo(new PeerOutcome.Answered(new PeerReply.Opinion(true)));
  }

  @Test
  void noAnswerInTimeIsSilence() throws Exception {
    int port = start();

    assertThat(call(port, SUSPECT, SHORT_NS)).isInstanceOf(PeerOutcome.Silent.class);
    held.take().complete(new PeerReply.Opinion(true));

    assertThat(call(port, HEARTBEAT, PATIENCE_NS)).isEqualTo(new PeerOutcome.Answered(ALIVE));
  }

  @Test
  void anAnswerThatCannotBeReadIsSilence() throws Exception {
    try (ServerSocket strange = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      CompletableFuture<PeerOutcome> outcome =
          peers.call(endpoint(strange.getLocalPort()), HEARTBEAT, PATIENCE_NS);
      try (Socket accepted = strange.accept()) {
        DataInputStream in = new DataInputStream(accepted.getInputStream());
        ByteBuffer request = ByteBuffer.wrap(in.readNBytes(in.readInt()));
        byte[] body = PeerCodec.encode(ALIVE);
        body[body.length - 1] ^= 1;
        accepted
            .getOutputStream()
            .write(
                ByteBuffer.allocate(2 * Integer.BYTES + body.length)
                    .putInt(Integer.BYTES + body.length)
                    .putInt(request.getInt(2 * Short.BYTES))
                    .put(body)
                    .array());

        assertThat(outcome.get(PATIENCE_NS, TimeUnit.NANOSECONDS))
            .isInstanceOfSatisfying(
                PeerOutcome.Silent.class,
                silent -> assertThat(silent.reason()).contains("sends what is no answer"));
      }
    }
  }

  @Test
  void whatWasCommittedIsAnsweredWithAsManyEntriesAsFit() throws Exception {
    int port = start();
    CompletableFuture<PeerOutcome> call = peers.call(endpoint(port), SUSPECT, PATIENCE_NS);
    List<Optional<String>> reasons = List.of(Optional.empty(), Optional.of("void"));
    byte[] large = new byte[600_000];

    held.take().complete(new PeerReply.Committed(reasons, List.of(large, large, large)));

    assertThat(call.join())
        .isInstanceOfSatisfying(
            PeerOutcome.Answered.class,
            answered ->
                assertThat(answered.reply())
                    .isInstanceOfSatisfying(
                        PeerReply.Committed.class,
                        committed -> {
                          assertThat(committed.voidReasons()).isEqualTo(reasons);
                          assertThat(committed.entries()).containsExactly(large);
                        }));
  }

  @Test
  void aBrokenConnectionIsSilentAndTheNextRequestMakesANewOne() throws Exception {
    int port = start();
    CompletableFuture<PeerOutcome> cut = peers.call(endpoint(port), SUSPECT, PATIENCE_NS);
    held.take();
    server().close();
    assertThat(cut.join()).isInstanceOf(PeerOutcome.Silent.class);
    assertThat(call(port, HEARTBEAT, PATIENCE_NS)).isInstanceOf(PeerOutcome.Refused.class);

    start(NetworkSettings.DEFAULT, port);

    assertThat(call(port, HEARTBEAT, PATIENCE_NS)).isEqualTo(new PeerOutcome.Answered(ALIVE));
  }

  @Test
  void requestsToOneAddressAreLimited() throws Exception {
    int port = start();
    List<CompletableFuture<PeerOutcome>> calls = new ArrayList<>();
    for (int i = 0; i < 64; i++) {
      calls.add(peers.call(endpoint(port), SUSPECT, PATIENCE_NS));
    }

    assertThat(call(port, HEARTBEAT, PATIENCE_NS)).isInstanceOf(PeerOutcome.Silent.class);
    for (int i = 0; i < 64; i++) {
      held.take().complete(new PeerReply.Opinion(false));
    }

    calls.forEach(each -> assertThat(each.join()).isInstanceOf(PeerOutcome.Answered.class));
    assertThat(call(port, HEARTBEAT, PATIENCE_NS)).isEqualTo(new PeerOutcome.Answered(ALIVE));
  }

  @Test
  void clientsThatHoldAllMemoryDoNotKeepBrokersApart() throws Exception {
    int port = start(small(), 0);
    NetworkServer started = server();
    started.open(dispatcher());
    TestClient greedy = connect(port);
    greedy.send(ByteBuffer.allocate(5_000).putInt(90_000).putShort((short) 18).array());
    while (started.queuedBytes() < 5_000) {
      Thread.onSpinWait();
    }

    assertThat(call(port, HEARTBEAT, PATIENCE_NS)).isEqualTo(new PeerOutcome.Answered(ALIVE));
  }

  private static NetworkSettings small() {
    NetworkSettings s = NetworkSettings.DEFAULT;
    return new NetworkSettings(
        1,
        s.requestBytesMax(),
        s.connectionsMax(),
        s.connectionsPerIpMax(),
        Map.of(),
        s.idleMaxMs(),
        4_000,
        s.partialFrameMaxMs(),
        s.inFlightMax(),
        s.responseBytesMax(),
        -1,
        -1,
        50);
  }

  @Test
  void clientsAreTurnedAwayBetweenTwoLives() throws Exception {
    int port = start();
    TestClient early = connect(port);
    early.send(apiVersions());
    assertThat(early.closedByBroker()).isTrue();

    server().open(dispatcher());
    TestClient served = connect(port);
    served.send(apiVersions());
    assertThat(served.nextCorrelationId()).isEqualTo(1);
    assertThat(call(port, HEARTBEAT, PATIENCE_NS)).isEqualTo(new PeerOutcome.Answered(ALIVE));
    server().closeClients();
    assertThat(served.closedByBroker()).isTrue();
    TestClient late = connect(port);
    late.send(apiVersions());
    assertThat(late.closedByBroker()).isTrue();

    assertThat(call(port, HEARTBEAT, PATIENCE_NS)).isEqualTo(new PeerOutcome.Answered(ALIVE));
    assertThat(counters.closed(CloseReason.INCARNATION_OVER)).isEqualTo(1);
  }

  @Test
  void bytesThatComeOneByOneAreUnderstoodToo() throws Exception {
    int port = start();
    server().open(dispatcher());
    TestClient slow = connect(port);
    for (byte each : apiVersions()) {
      slow.send(new byte[] {each});
    }

    assertThat(slow.nextCorrelationId()).isEqualTo(1);
  }

  @Test
  void aConnectionThatSendsNonsenseUnderTheBrokersKeyIsClosed() throws Exception {
    int port = start();
    TestClient nonsense = connect(port);
    nonsense.send(
        ByteBuffer.allocate(24)
            .putInt(20)
            .putShort(PeerFrames.API_KEY)
            .putShort((short) 0)
            .array());
    assertThat(nonsense.closedByBroker()).isTrue();
    TestClient huge = connect(port);
    huge.send(ByteBuffer.allocate(6).putInt(1 << 30).putShort(PeerFrames.API_KEY).array());

    assertThat(huge.closedByBroker()).isTrue();
    assertThat(counters.closed(CloseReason.FRAME_SIZE)).isEqualTo(1);
  }

  @Test
  void aBrokerOnItsOwnKnowsNoPrivateKey() throws Exception {
    NetworkServer alone = new NetworkServer(NetworkSettings.DEFAULT, counters, clock);
    server = alone;
    int port =
        alone
            .bind(List.of(new Listener("PLAINTEXT", "127.0.0.1", 0, "127.0.0.1", 0, "PLAINTEXT")))
            .getFirst()
            .port();
    alone.open(dispatcher());

    assertThat(call(port, HEARTBEAT, PATIENCE_NS)).isInstanceOf(PeerOutcome.Silent.class);
    assertThat(counters.closed(CloseReason.REFUSED)).isEqualTo(1);
  }
}
