package io.millrace.broker.network;

import static io.millrace.broker.network.TestClient.frame;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.broker.StartException;
import io.millrace.broker.api.Admission;
import io.millrace.broker.api.ApiFeatures;
import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.ApiTable;
import io.millrace.broker.api.Dispatcher;
import io.millrace.broker.api.RequestContext;
import io.millrace.broker.api.RequestCounters;
import io.millrace.broker.config.Listener;
import io.millrace.protocol.RecordSlices;
import io.millrace.runtime.SystemClock;
import io.netty.util.ResourceLeakDetector;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;
import java.util.function.UnaryOperator;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.FetchResponseData.FetchableTopicResponse;
import org.apache.kafka.common.message.FetchResponseData.PartitionData;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.HeartbeatResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Real sockets on the loopback. After each test nothing may be held: no bytes, no connections, no
 * lent records.
 */
class NetworkServerTest {
  private static final short VERSION = 4;
  private static final short FETCH_VERSION = 12;
  private static final int AWAIT_SECONDS = 30;

  private final SystemClock clock = new SystemClock();
  private final NetworkCounters counters = new NetworkCounters(clock);
  private final BlockingQueue<Held> held = new LinkedBlockingQueue<>();
  private final AtomicInteger lent = new AtomicInteger();
  private final List<TestClient> clients = new ArrayList<>();
  private @Nullable NetworkServer server;
  private int port;

  /** A heartbeat whose answer the test gives. */
  private record Held(String member, CompletableFuture<HeartbeatResponseData> answer) {
    void answerIt() {
      answer.complete(new HeartbeatResponseData());
    }
  }

  private final class HeldHeartbeats implements ApiHandler<HeartbeatRequestData> {
    @Override
    public ApiKeys api() {
      return ApiKeys.HEARTBEAT;
    }

    @Override
    public CompletableFuture<HeartbeatResponseData> handle(
        RequestContext context, HeartbeatRequestData request) {
      Held one = new Held(request.memberId(), new CompletableFuture<>());
      held.add(one);
      return one.answer();
    }
  }

  /** Answers at once with as many bytes as the request's max bytes. */
  private final class LargeFetches implements ApiHandler<FetchRequestData> {
    @Override
    public ApiKeys api() {
      return ApiKeys.FETCH;
    }

    @Override
    public CompletableFuture<FetchResponseData> handle(
        RequestContext context, FetchRequestData request) {
      lent.incrementAndGet();
      RecordSlices records =
          new RecordSlices(
              List.of(ByteBuffer.allocateDirect(request.maxBytes())), lent::decrementAndGet);
      return CompletableFuture.completedFuture(
          new FetchResponseData()
              .setResponses(
                  List.of(
                      new FetchableTopicResponse()
                          .setTopic("t")
                          .setPartitions(List.of(new PartitionData().setRecords(records))))));
    }
  }

  @BeforeAll
  static void findLeaks() {
    ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
  }

  private void start(UnaryOperator<NetworkSettings> change) throws StartException {
    NetworkServer started =
        new NetworkServer(change.apply(NetworkSettings.DEFAULT), counters, clock);
    server = started;
    port = started.bind(List.of(listener(0))).getFirst().port();
    started.open(dispatcher());
  }

  private Dispatcher dispatcher() {
    ApiTable table =
        new ApiTable(List.of(new HeldHeartbeats(), new LargeFetches()), () -> ApiFeatures.NONE);
    return new Dispatcher(table, new RequestCounters());
  }

  private static Listener listener(int port) {
    return new Listener("PLAINTEXT", "127.0.0.1", port, "127.0.0.1", 0, "PLAINTEXT");
  }

  private TestClient connect() throws IOException {
    TestClient client = new TestClient(port);
    clients.add(client);
    return client;
  }

  private NetworkServer server() {
    return Objects.requireNonNull(server);
  }

  @AfterEach
  void nothingIsHeld() throws IOException {
    for (TestClient client : clients) {
      client.close();
    }
    if (server != null) {
      await(() -> {
        held.forEach(Held::answerIt);
        return counters.open() == 0 && server().queuedBytes() == 0;
      });
      await(() -> lent.get() == 0);
      server().close();
    }
  }

  private static void await(BooleanSupplier condition) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(AWAIT_SECONDS);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("the condition came true in time").isLessThan(end);
      Thread.onSpinWait();
    }
  }

  private static byte[] heartbeat(int correlationId) {
    return frame(
        ApiKeys.HEARTBEAT,
        VERSION,
        correlationId,
        new HeartbeatRequestData().setGroupId("g").setMemberId("m" + correlationId));
  }

  private static byte[] bigHeartbeat(int correlationId, int bytes) {
    return frame(
        ApiKeys.HEARTBEAT,
        VERSION,
        correlationId,
        new HeartbeatRequestData().setGroupId("g".repeat(bytes)).setMemberId("m" + correlationId));
  }

  private static byte[] fetch(int correlationId, int bytes) {
    return frame(
        ApiKeys.FETCH, FETCH_VERSION, correlationId, new FetchRequestData().setMaxBytes(bytes));
  }

  private Held nextHeld() throws InterruptedException {
    Held next = held.poll(AWAIT_SECONDS, TimeUnit.SECONDS);
    assertThat(next).isNotNull();
    return Objects.requireNonNull(next);
  }

  @Test
  void answersGoOutInTheOrderOfTheRequests() throws Exception {
    start(s -> s);
    TestClient client = connect();
    for (int i = 0; i < 10; i++) {
      client.send(heartbeat(i));
    }
    List<Held> requests = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      requests.add(nextHeld());
    }

    requests.reversed().forEach(Held::answerIt);

    for (int i = 0; i < 10; i++) {
      assertThat(client.nextCorrelationId()).isEqualTo(i);
    }
  }

  @Test
  void aRequestSentByteByByteIsAnswered() throws Exception {
    start(s -> s);
    TestClient client = connect();

    for (byte b : heartbeat(5)) {
      client.send(new byte[] {b});
    }
    nextHeld().answerIt();

    assertThat(client.nextCorrelationId()).isEqualTo(5);
  }

  @Test
  void aFrameOfABadSizeClosesOnlyItsConnection() throws Exception {
    start(s -> s);
    TestClient good = connect();
    good.send(heartbeat(1));
    Held request = nextHeld();
    for (int size :
        new int[] {-1, Integer.MIN_VALUE, NetworkSettings.DEFAULT.requestBytesMax() + 1}) {
      TestClient bad = connect();

      bad.send(ByteBuffer.allocate(20).putInt(size).array());

      assertThat(bad.closedByBroker()).isTrue();
    }
    request.answerIt();
    assertThat(good.nextCorrelationId()).isEqualTo(1);
    assertThat(counters.closed(CloseReason.FRAME_SIZE)).isEqualTo(3);
  }

  @Test
  void anAnnouncedSizeAloneTakesNoMemory() throws Exception {
    start(s -> s);
    TestClient client = connect();

    client.send(ByteBuffer.allocate(10).putInt(NetworkSettings.DEFAULT.requestBytesMax()).array());

    await(() -> server().queuedBytes() == 10);
  }

  @Test
  void whatIsNoRequestClosesItsConnection() throws Exception {
    start(s -> s);
    TestClient client = connect();

    client.send("GET / HTTP/1.1\r\n\r\n".getBytes(UTF_8));
    TestClient other = connect();
    other.send(ByteBuffer.allocate(24).putInt(20).putShort((short) 999).array());

    assertThat(client.closedByBroker()).isTrue();
    assertThat(other.closedByBroker()).isTrue();
    assertThat(counters.closed(CloseReason.REFUSED)).isEqualTo(1);
  }

  @Test
  void aTornFrameIsGivenBackWithItsConnection() throws Exception {
    start(s -> s);
    TestClient client = connect();
    byte[] whole = bigHeartbeat(1, 10_000);

    client.send(Arrays.copyOf(whole, 5_000));
    await(() -> server().queuedBytes() == 5_000);
    client.close();

    await(() -> server().queuedBytes() == 0);
  }

  @Test
  void aFrameThatDoesNotGrowIsClosed() throws Exception {
    start(s -> settings(s, 600_000, s.queuedBytesMax(), 50));
    TestClient client = connect();

    client.send(Arrays.copyOf(heartbeat(1), 12));

    assertThat(client.closedByBroker()).isTrue();
    assertThat(counters.closed(CloseReason.PARTIAL_FRAME)).isEqualTo(1);
  }

  @Test
  void anIdleConnectionIsClosedButNotOneThatWaitsForTheBroker() throws Exception {
    start(s -> settings(s, 50, s.queuedBytesMax(), 30_000));
    TestClient waiting = connect();
    waiting.send(heartbeat(1));
    Held request = nextHeld();
    TestClient idle = connect();

    assertThat(idle.closedByBroker()).isTrue();
    request.answerIt();

    assertThat(waiting.nextCorrelationId()).isEqualTo(1);
    assertThat(waiting.closedByBroker()).isTrue();
    assertThat(counters.closed(CloseReason.IDLE)).isEqualTo(2);
  }

  @Test
  void connectionsAreLimitedInAllAndPerAddress() throws Exception {
    start(s -> limits(s, 2, 100));
    TestClient first = connect();
    connect();
    await(() -> counters.open() == 2);

    assertThat(connect().closedByBroker()).isTrue();
    assertThat(counters.closed(CloseReason.TOO_MANY)).isEqualTo(1);

    first.close();
    await(() -> counters.open() == 1);
    TestClient again = connect();
    again.send(heartbeat(3));
    nextHeld().answerIt();
    assertThat(again.nextCorrelationId()).isEqualTo(3);
  }

  @Test
  void anAddressMayHaveALimitOfItsOwn() throws Exception {
    start(s -> limits(s, 100, 1));
    connect();
    await(() -> counters.open() == 1);

    assertThat(connect().closedByBroker()).isTrue();
    assertThat(counters.closed(CloseReason.TOO_MANY_PER_IP)).isEqualTo(1);
  }

  @Test
  void requestsInFlightAreLimitedPerConnection() throws Exception {
    start(s -> s);
    int max = NetworkSettings.DEFAULT.inFlightMax();
    TestClient client = connect();
    for (int i = 0; i < max + 5; i++) {
      client.send(heartbeat(i));
    }
    await(() -> held.size() == max);

    nextHeld().answerIt();

    await(() -> held.size() == max);
    assertThat(client.nextCorrelationId()).isZero();
  }

  @Test
  void aUsedUpBudgetStopsReadingUntilRequestsAreAnswered() throws Exception {
    start(s -> settings(s, 600_000, 50_000, 30_000));
    TestClient first = connect();
    first.send(bigHeartbeat(1, 30_000));
    first.send(bigHeartbeat(2, 30_000));
    Held one = nextHeld();
    Held two = nextHeld();

    TestClient second = connect();
    await(() -> counters.open() == 2);
    second.send(heartbeat(3));
    one.answerIt();
    assertThat(first.nextCorrelationId()).isEqualTo(1);
    nextHeld().answerIt();
    assertThat(second.nextCorrelationId()).isEqualTo(3);
    two.answerIt();
    assertThat(first.nextCorrelationId()).isEqualTo(2);
  }

  @Test
  void unfinishedFramesThatUseUpTheBudgetAreStillFinished() throws Exception {
    start(s -> settings(s, 600_000, 20_000, 30_000));
    byte[] big = bigHeartbeat(1, 30_000);
    TestClient[] both = {connect(), connect()};
    for (TestClient client : both) {
      client.send(Arrays.copyOf(big, 12_000));
    }
    await(() -> server().queuedBytes() == 24_000);

    for (TestClient client : both) {
      client.send(Arrays.copyOfRange(big, 12_000, big.length));
    }

    nextHeld().answerIt();
    nextHeld().answerIt();
    assertThat(both[0].nextCorrelationId()).isEqualTo(1);
    assertThat(both[1].nextCorrelationId()).isEqualTo(1);
  }

  @Test
  void aClientThatDoesNotReadIsNotServedFurther() throws Exception {
    start(s -> s);
    TestClient slow = connect();
    int size = 8 << 20;
    for (int i = 0; i < 50; i++) {
      slow.send(fetch(i, size));
    }
    // Two answers reach the limit; the sockets' own buffers take less than another one.
    await(() -> lent.get() >= 2);
    assertThat(lent.get()).isLessThanOrEqualTo(3);

    for (int i = 0; i < 50; i++) {
      assertThat(slow.nextCorrelationId()).isEqualTo(i);
      assertThat(lent.get()).isLessThanOrEqualTo(3);
    }
  }

  @Test
  void aClientThatHasToWaitIsNotReadMeanwhileAndThenGoesOn() throws Exception {
    start(s -> s);
    TestClient throttled = connect();
    TestClient other = connect();
    throttled.send(heartbeat(1));
    nextHeld().answer().complete(new HeartbeatResponseData().setThrottleTimeMs(500));
    assertThat(throttled.nextCorrelationId()).isEqualTo(1);

    throttled.send(heartbeat(2));
    other.send(heartbeat(3));

    Held others = nextHeld();
    assertThat(others.member()).isEqualTo("m3");
    others.answerIt();
    Held later = nextHeld();
    assertThat(later.member()).isEqualTo("m2");
    later.answerIt();
    assertThat(throttled.nextCorrelationId()).isEqualTo(2);
  }

  @Test
  void limitsThatChangeHoldForTheNextConnection() throws Exception {
    start(s -> s);
    AtomicInteger most = new AtomicInteger(1);
    server().open(dispatcher(), admission(most::get, 0));
    TestClient first = connect();
    first.send(heartbeat(1));
    nextHeld().answerIt();

    assertThat(connect().closedByBroker()).isTrue();

    most.set(2);
    TestClient second = connect();
    second.send(heartbeat(2));
    nextHeld().answerIt();
    assertThat(second.nextCorrelationId()).isEqualTo(2);
  }

  @Test
  void aConnectionThatCameTooFastIsClosedUnserved() throws Exception {
    start(s -> s);
    server().open(dispatcher(), admission(() -> 10, 1));

    assertThat(connect().closedByBroker()).isTrue();
    assertThat(counters.closed(CloseReason.TOO_MANY_NEW_PER_IP)).isEqualTo(1);
  }

  private static Admission admission(IntSupplier most, int refusedForMs) {
    return new Admission() {
      @Override
      public int loops() {
        return 1;
      }

      @Override
      public int connectionsMax() {
        return most.getAsInt();
      }

      @Override
      public int connectionsMax(InetAddress address) {
        return most.getAsInt();
      }

      @Override
      public int refusedForMs(InetAddress address) {
        return refusedForMs;
      }

      @Override
      public int pauseMs() {
        return 0;
      }
    };
  }

  @Test
  void aClientThatNeverReadsIsClosed() throws Exception {
    start(s -> settings(s, 100, s.queuedBytesMax(), 30_000));
    TestClient slow = connect();

    slow.send(fetch(1, 32 << 20));

    await(() -> counters.closed(CloseReason.SLOW_READER) == 1);
    await(() -> lent.get() == 0);
  }

  @Test
  void whatAnswersHoldIsGivenBackWhenTheClientLeaves() throws Exception {
    start(s -> s);
    TestClient client = connect();
    client.send(heartbeat(1));
    client.send(fetch(2, 1 << 20));
    await(() -> lent.get() == 1);
    Held request = nextHeld();

    client.close();
    await(() -> counters.open() == 0);
    await(() -> lent.get() == 0);
    assertThat(server().queuedBytes()).as("the frame whose handler still works").isPositive();
    request.answerIt();

    await(() -> server().queuedBytes() == 0);
  }

  @Test
  void aVersionOfApiVersionsThatIsNotServedIsAnsweredInVersionZero() throws Exception {
    start(s -> s);
    TestClient client = connect();
    byte[] request = frame(ApiKeys.API_VERSIONS, (short) 4, 9, new ApiVersionsRequestData());
    ByteBuffer.wrap(request).putShort(6, (short) 99);

    client.send(request);

    ByteBuffer response = client.nextFrame();
    assertThat(response.getInt()).isEqualTo(9);
    assertThat(response.getShort()).isEqualTo((short) 35);
    assertThat(response.getInt()).isEqualTo(1);
    assertThat(response.getShort()).isEqualTo(ApiKeys.API_VERSIONS.id);
  }

  @Test
  void aPortInUseIsOneClearMessage() throws Exception {
    start(s -> s);
    try (NetworkServer second = new NetworkServer(NetworkSettings.DEFAULT, counters, clock)) {
      assertThatThrownBy(() -> second.bind(List.of(listener(port))))
          .isInstanceOf(StartException.class)
          .hasMessageContaining("127.0.0.1:" + port)
          .hasMessageContaining("choose another");
    }
  }

  @Test
  void stoppingClosesEveryConnection() throws Exception {
    start(s -> s);
    TestClient client = connect();
    await(() -> counters.open() == 1);

    server().close();

    assertThat(client.closedByBroker()).isTrue();
    assertThat(counters.closed(CloseReason.STOP)).isEqualTo(1);
  }

  private static NetworkSettings settings(
      NetworkSettings s, long idleMaxMs, long queuedBytesMax, long partialFrameMaxMs) {
    return new NetworkSettings(
        s.threads(),
        s.requestBytesMax(),
        s.connectionsMax(),
        s.connectionsPerIpMax(),
        s.connectionsPerIpOverrides(),
        idleMaxMs,
        queuedBytesMax,
        partialFrameMaxMs,
        s.inFlightMax(),
        s.responseBytesMax(),
        s.sendBufferBytes(),
        s.receiveBufferBytes(),
        s.backlog());
  }

  private static NetworkSettings limits(NetworkSettings s, int max, int loopbackMax) {
    return new NetworkSettings(
        s.threads(),
        s.requestBytesMax(),
        max,
        s.connectionsPerIpMax(),
        Map.of("127.0.0.1", loopbackMax),
        s.idleMaxMs(),
        s.queuedBytesMax(),
        s.partialFrameMaxMs(),
        s.inFlightMax(),
        s.responseBytesMax(),
        s.sendBufferBytes(),
        s.receiveBufferBytes(),
        s.backlog());
  }
}
