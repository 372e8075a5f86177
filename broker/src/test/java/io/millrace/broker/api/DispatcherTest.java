package io.millrace.broker.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.broker.api.ApiFeatures.Feature;
import io.millrace.protocol.EncodedResponse;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.errors.NotCoordinatorException;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.ApiVersionsResponseData;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.HeartbeatResponseData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.message.SyncGroupRequestData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class DispatcherTest {
  private static final short VERSION = 4;

  private final Queue<Runnable> loop = new ArrayDeque<>();
  private final CompletableFuture<HeartbeatResponseData> heartbeat = new CompletableFuture<>();
  private final CompletableFuture<@Nullable ApiMessage> produce = new CompletableFuture<>();
  private final RequestCounters counters = new RequestCounters();
  private final SoftwareName connection = new SoftwareName();
  private final ApiTable table =
      new ApiTable(
          List.of(new Heartbeats(), new Produces()),
          () ->
              new ApiFeatures(
                  7,
                  List.of(
                      new Feature("old", (short) 0, (short) 2, (short) 0),
                      new Feature("new", (short) 1, (short) 3, (short) 2))));
  private final Dispatcher dispatcher = new Dispatcher(table, counters, new Waits());
  private int waitMs;

  private final class Waits implements Throttle {
    @Override
    public Served onRequest(ApiKeys api, RequestContext context, int requestBytes) {
      return new Served() {
        @Override
        public void onHandled() {}

        @Override
        public int waitMs() {
          return waitMs;
        }
      };
    }
  }

  private final class Heartbeats implements ApiHandler<HeartbeatRequestData> {
    @Override
    public ApiKeys api() {
      return ApiKeys.HEARTBEAT;
    }

    @Override
    public short newestVersion() {
      return VERSION;
    }

    @Override
    public short oldestVersion() {
      return 2;
    }

    @Override
    public CompletableFuture<HeartbeatResponseData> handle(
        RequestContext context, HeartbeatRequestData request) {
      if (request.memberId().equals("bug")) {
        throw new IllegalStateException("a bug");
      }
      return heartbeat;
    }
  }

  private final class Produces implements ApiHandler<ProduceRequestData> {
    @Override
    public ApiKeys api() {
      return ApiKeys.PRODUCE;
    }

    @Override
    public CompletableFuture<? extends @Nullable ApiMessage> handle(
        RequestContext context, ProduceRequestData request) {
      return produce;
    }
  }

  private static final class SoftwareName implements RequestContext.Connection {
    private String name = "unknown";
    private int pausedForMs;

    @Override
    public void pauseReading(int forMs) {
      pausedForMs = forMs;
    }

    @Override
    public String id() {
      return "test";
    }

    @Override
    public String clientSoftware() {
      return name;
    }

    @Override
    public void clientSoftware(String nameAndVersion) {
      name = nameAndVersion;
    }

    @Override
    public void onClose(Runnable listener) {}
  }

  private CompletableFuture<@Nullable EncodedResponse> dispatch(
      ApiKeys api, short version, ApiMessage body) {
    RequestHeaderData header =
        new RequestHeaderData()
            .setRequestApiKey(api.id)
            .setRequestApiVersion(version)
            .setCorrelationId(42);
    short headerVersion = api.requestHeaderVersion(version);
    ObjectSerializationCache cache = new ObjectSerializationCache();
    int size = header.size(cache, headerVersion) + body.size(cache, version);
    ByteBufferAccessor frame = new ByteBufferAccessor(ByteBuffer.allocate(size));
    header.write(frame, cache, headerVersion);
    body.write(frame, cache, version);
    InetSocketAddress client = new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);
    Caller caller = new Caller("PLAINTEXT", client, "User:ANONYMOUS", connection, loop::add);
    return dispatcher.dispatch(frame.buffer().flip(), caller, 0);
  }

  private static <T extends ApiMessage> T decoded(
      ApiKeys api, short version, CompletableFuture<@Nullable EncodedResponse> answer, T into) {
    EncodedResponse response = Objects.requireNonNull(answer.join());
    ByteBuffer bytes = ByteBuffer.allocate(response.sizeBytes());
    response.buffers().forEach(b -> bytes.put(b.duplicate()));
    ByteBufferAccessor in = new ByteBufferAccessor(bytes.flip().position(4));
    assertThat(new ResponseHeaderData(in, api.responseHeaderVersion(version)).correlationId())
        .isEqualTo(42);
    into.read(in, version);
    return into;
  }

  private CompletableFuture<@Nullable EncodedResponse> heartbeatOf(String member) {
    return dispatch(
        ApiKeys.HEARTBEAT, VERSION, new HeartbeatRequestData().setGroupId("g").setMemberId(member));
  }

  private static Errors error(CompletableFuture<@Nullable EncodedResponse> answer) {
    return Errors.forCode(
        decoded(ApiKeys.HEARTBEAT, VERSION, answer, new HeartbeatResponseData()).errorCode());
  }

  @Test
  void answersAreEncodedOnTheConnectionsLoop() {
    CompletableFuture<@Nullable EncodedResponse> answer = heartbeatOf("m");

    heartbeat.complete(new HeartbeatResponseData());
    assertThat(answer).isNotDone();
    loop.remove().run();

    assertThat(error(answer)).isEqualTo(Errors.NONE);
    assertThat(counters.requests(ApiKeys.HEARTBEAT)).isEqualTo(1);
  }

  @Test
  void aClientIsToldHowLongItHasToWaitAndIsNotReadForSoLong() {
    heartbeat.complete(new HeartbeatResponseData().setThrottleTimeMs(20));
    produce.complete(null);

    waitMs = 30;
    assertThat(throttleMs(heartbeatOf("m"))).isEqualTo(30);
    assertThat(connection.pausedForMs).isEqualTo(30);
    waitMs = 10;
    assertThat(throttleMs(heartbeatOf("m"))).as("the handler's own").isEqualTo(30);

    connection.pausedForMs = 0;
    var unused = dispatch(ApiKeys.PRODUCE, (short) 9, new ProduceRequestData().setAcks((short) 0));
    assertThat(connection.pausedForMs).as("without an answer").isEqualTo(10);
  }

  private static int throttleMs(CompletableFuture<@Nullable EncodedResponse> answer) {
    return decoded(ApiKeys.HEARTBEAT, VERSION, answer, new HeartbeatResponseData())
        .throttleTimeMs();
  }

  @Test
  void aFailureBecomesTheErrorResponseOfTheApi() {
    heartbeat.completeExceptionally(new NotCoordinatorException("elsewhere"));

    assertThat(error(heartbeatOf("m"))).isEqualTo(Errors.NOT_COORDINATOR);
    assertThat(counters.failures(ApiKeys.HEARTBEAT)).isEqualTo(1);
  }

  @Test
  void aBugBecomesAnUnknownServerError() {
    assertThat(error(heartbeatOf("bug"))).isEqualTo(Errors.UNKNOWN_SERVER_ERROR);
  }

  @Test
  void aRequestWithoutResponseHasNone() {
    produce.complete(null);

    CompletableFuture<@Nullable EncodedResponse> answer =
        dispatch(ApiKeys.PRODUCE, (short) 9, new ProduceRequestData().setAcks((short) 0));

    assertThat(answer.join()).isNull();
  }

  @Test
  void aFailedRequestWithoutResponseClosesTheConnection() {
    produce.completeExceptionally(new NotCoordinatorException("whatever"));

    CompletableFuture<@Nullable EncodedResponse> answer =
        dispatch(ApiKeys.PRODUCE, (short) 9, new ProduceRequestData().setAcks((short) 0));

    assertThatThrownBy(answer::join).hasCauseInstanceOf(RefusedRequestException.class);
  }

  @Test
  void versionsAndApisThatAreNotServedCloseTheConnection() {
    assertThatThrownBy(dispatch(ApiKeys.HEARTBEAT, (short) 1, new HeartbeatRequestData())::join)
        .hasCauseInstanceOf(RefusedRequestException.class);
    assertThatThrownBy(dispatch(ApiKeys.SYNC_GROUP, (short) 5, new SyncGroupRequestData())::join)
        .hasCauseInstanceOf(RefusedRequestException.class);
    assertThat(counters.refused()).isEqualTo(2);
  }

  private ApiVersionsResponseData apiVersions(short version, String software) {
    ApiVersionsRequestData request =
        new ApiVersionsRequestData()
            .setClientSoftwareName(software)
            .setClientSoftwareVersion("1.0");
    return decoded(
        ApiKeys.API_VERSIONS,
        version,
        dispatch(ApiKeys.API_VERSIONS, version, request),
        new ApiVersionsResponseData());
  }

  @Test
  void onlyWhatIsServedIsAdvertised() {
    ApiVersionsResponseData response = apiVersions((short) 4, "client");

    assertThat(response.apiKeys())
        .extracting(k -> k.apiKey() + ":" + k.minVersion() + "-" + k.maxVersion())
        .containsExactly("0:0-13", "12:2-4", "18:0-4");
    assertThat(response.supportedFeatures()).hasSize(2);
    assertThat(response.finalizedFeatures()).extracting(f -> f.name()).containsExactly("new");
    assertThat(response.finalizedFeaturesEpoch()).isEqualTo(7);
    assertThat(connection.clientSoftware()).isEqualTo("client 1.0");
  }

  @Test
  void olderClientsAreNotToldOfFeaturesFromLevelZero() {
    assertThat(apiVersions((short) 3, "client").supportedFeatures())
        .extracting(f -> f.name())
        .containsExactly("new");
  }

  @Test
  void aMalformedSoftwareNameIsRefused() {
    for (String name : List.of("", "a b", "-x")) {
      assertThat(apiVersions((short) 4, name).errorCode()).isEqualTo(Errors.INVALID_REQUEST.code());
    }
  }

  @Test
  void anApiHasOneHandlerOfVersionsThatExist() {
    List<Heartbeats> twice = List.of(new Heartbeats(), new Heartbeats());

    assertThatThrownBy(() -> new ApiTable(twice, () -> ApiFeatures.NONE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("HEARTBEAT");
  }
}
