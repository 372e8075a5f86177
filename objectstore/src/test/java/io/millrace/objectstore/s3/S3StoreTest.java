package io.millrace.objectstore.s3;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.millrace.objectstore.ObjectStore.DeleteOutcome;
import io.millrace.objectstore.ObjectStore.GetOutcome;
import io.millrace.objectstore.ObjectStore.HeadOutcome;
import io.millrace.objectstore.ObjectStore.ListOutcome;
import io.millrace.objectstore.ObjectStore.PutOutcome;
import io.millrace.objectstore.ObjectStore.UnfinishedOutcome;
import io.millrace.objectstore.StoreThreads;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the store makes of answers that a sound service seldom gives. */
class S3StoreTest {
  private static final int IMPATIENT_MS = 300;
  private static final S3Timeouts IMPATIENT =
      new S3Timeouts(IMPATIENT_MS, IMPATIENT_MS, 2 * IMPATIENT_MS);

  private final AtomicInteger requests = new AtomicInteger();
  private final CountDownLatch end = new CountDownLatch(1);
  private final ExecutorService serverThreads = Executors.newCachedThreadPool();
  private HttpServer server;
  private S3Store store;

  /** Answers one request. */
  private interface Answer {
    void to(HttpExchange exchange) throws IOException;
  }

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 10);
    server.setExecutor(serverThreads);
    server.start();
    store = open(S3Timeouts.DEFAULT);
  }

  @AfterEach
  void stop() {
    end.countDown();
    store.close();
    server.stop(0);
    serverThreads.shutdownNow();
  }

  @ParameterizedTest
  @CsvSource({
    "301, PermanentRedirect",
    "400, RequestTimeout",
    "403, AccessDenied",
    "404, NoSuchBucket",
    "409, ConditionalRequestConflict",
    "409, OperationAborted",
    "429, TooManyRequests",
    "500, InternalError",
    "501, NotImplemented",
    "503, SlowDown"
  })
  void anAnswerThatSettlesNothingIsUnknownAndNotRepeated(int status, String code) {
    answer(exchange -> error(exchange, status, code));

    assertThat(put())
        .isInstanceOfSatisfying(
            PutOutcome.Unknown.class,
            unknown -> assertThat(unknown.reason()).contains("" + status, code, "s3://bucket/p"));
    assertThat(store.get("k", 10).join()).isInstanceOf(GetOutcome.Unknown.class);
    assertThat(store.getRange("k", 0, 10).join()).isInstanceOf(GetOutcome.Unknown.class);
    assertThat(store.head("k").join()).isInstanceOf(HeadOutcome.Unknown.class);
    assertThat(store.list("", "", 10).join()).isInstanceOf(ListOutcome.Unknown.class);
    assertThat(store.delete("k").join()).isInstanceOf(DeleteOutcome.Unknown.class);
    assertThat(requests).hasValue(6);
  }

  @Test
  void onlyAFailedPreconditionMeansThatTheKeyIsTaken() {
    answer(exchange -> error(exchange, 412, "PreconditionFailed"));

    assertThat(put()).isEqualTo(new PutOutcome.Exists());
    assertThat(requests).hasValue(1);
  }

  @Test
  void anAbsentKeyIsAbsentOnlyIfTheStoreSaysSo() {
    answer(exchange -> error(exchange, 404, "NoSuchKey"));
    assertThat(store.get("k", 10).join()).isEqualTo(new GetOutcome.Absent());
    assertThat(store.head("k").join()).isEqualTo(new HeadOutcome.Absent());

    answer(exchange -> send(exchange, 404, "<html>a proxy's own page</html>"));
    assertThat(store.get("k", 10).join()).isInstanceOf(GetOutcome.Unknown.class);
    assertThat(store.head("k").join()).isInstanceOf(HeadOutcome.Unknown.class);
  }

  @Test
  void aConnectionThatEndsBeforeTheAnswerIsUnknown() {
    answer(HttpExchange::close);

    assertThat(put()).isInstanceOf(PutOutcome.Unknown.class);
    assertThat(store.get("k", 10).join()).isInstanceOf(GetOutcome.Unknown.class);
    assertThat(requests).hasValue(2);
  }

  @Test
  void aStoreThatIsNotThereIsUnknown() {
    server.stop(0);

    assertThat(put()).isInstanceOf(PutOutcome.Unknown.class);
    assertThat(store.list("", "", 1).join()).isInstanceOf(ListOutcome.Unknown.class);
  }

  @Test
  void aStoreThatFallsSilentIsUnknown() {
    store.close();
    store = open(IMPATIENT);
    answer(exchange -> waitForTheEnd());

    assertThat(put()).isInstanceOf(PutOutcome.Unknown.class);
    assertThat(store.get("k", 10).join()).isInstanceOf(GetOutcome.Unknown.class);
  }

  @Test
  void aBodyThatStopsHalfWayIsUnknown() {
    store.close();
    store = open(IMPATIENT);
    answer(exchange -> {
      exchange.sendResponseHeaders(200, 10);
      exchange.getResponseBody().write(new byte[5]);
      exchange.getResponseBody().flush();
      waitForTheEnd();
    });

    assertThat(store.get("k", 10).join()).isInstanceOf(GetOutcome.Unknown.class);
  }

  @Test
  void aBodyLargerThanAllowedIsNotRead() {
    answer(exchange -> {
      exchange.sendResponseHeaders(200, 1L << 40);
      exchange.getResponseBody().flush();
      waitForTheEnd();
    });

    assertThat(store.get("k", 10).join()).isEqualTo(new GetOutcome.TooLarge(1L << 40));
  }

  @Test
  void aRangeThatWasNotAskedForIsUnknown() {
    answer(exchange -> {
      exchange.getResponseHeaders().set("Content-Range", "bytes 0-9/100");
      send(exchange, 206, "0123456789");
    });
    assertThat(store.getRange("k", 5, 10).join()).isInstanceOf(GetOutcome.Unknown.class);
    assertThat(store.getRange("k", 0, 5).join()).isInstanceOf(GetOutcome.Unknown.class);
    assertThat(store.getRange("k", 0, 10).join())
        .isEqualTo(new GetOutcome.Found(bytes("0123456789")));

    answer(exchange -> send(exchange, 200, "0123456789"));
    assertThat(store.getRange("k", 2, 3).join()).isInstanceOf(GetOutcome.Unknown.class);
  }

  @Test
  void aListingOutOfOrderIsUnknown() {
    answer(exchange -> send(exchange, 200, listing("p/b", "p/a")));
    assertThat(store.list("", "", 10).join()).isInstanceOf(ListOutcome.Unknown.class);

    answer(exchange -> send(exchange, 200, listing("p/a", "p/b")));
    assertThat(store.list("", "a", 10).join()).isInstanceOf(ListOutcome.Unknown.class);
  }

  @Test
  void aPageWithoutKeysIsNotTheEndOfAListing() {
    answer(exchange -> {
      String query = exchange.getRequestURI().getQuery();
      send(
          exchange,
          200,
          query.contains("continuation-token=t1")
              ? listing("p/c")
              : query.contains("start-after=p/b")
                  ? page("<NextContinuationToken>t1</NextContinuationToken>")
                  : page("<Contents><Key>p/b</Key></Contents>"));
    });

    assertThat(store.list("", "a", 10).join())
        .isEqualTo(new ListOutcome.Keys(List.of("b", "c"), false));
  }

  @Test
  void aListingThatNeitherEndsNorGoesOnIsUnknown() {
    answer(exchange -> send(exchange, 200, page("")));
    assertThat(store.list("", "", 10).join()).isInstanceOf(ListOutcome.Unknown.class);

    answer(
        exchange -> send(exchange, 200, page("<NextContinuationToken>t</NextContinuationToken>")));
    assertThat(store.list("", "", 10).join()).isInstanceOf(ListOutcome.Unknown.class);
  }

  @Test
  void unfinishedPutsThatAreAnnouncedAndNotShownAreUnknown() {
    answer(exchange ->
        send(
            exchange,
            200,
            "<ListMultipartUploadsResult><IsTruncated>true</IsTruncated></ListMultipartUploadsResult>"));

    assertThat(store.unfinishedPuts("").join()).isInstanceOf(UnfinishedOutcome.Unknown.class);
  }

  @Test
  void shortReadsNeverWaitBehindLongOnes() {
    CountDownLatch longRead = new CountDownLatch(1);
    S3Store busy =
        new S3Store(
            S3Clients.connect(bucket(), S3ProxyServer.CREDENTIALS, S3Timeouts.DEFAULT, 1),
            bucket(),
            new StoreThreads(Runnable::run, Runnable::run, task -> longRead.countDown()));
    answer(exchange -> error(exchange, 404, "NoSuchKey"));

    CompletableFuture<GetOutcome> block = busy.getRange("k", 0, 4 << 20);

    assertThat(longRead.getCount()).isZero();
    assertThat(block).isNotDone();
    assertThat(busy.getRange("k", 0, 64 << 10)).isCompletedWithValue(new GetOutcome.Absent());
    assertThat(busy.get("k", 4 << 20)).isCompletedWithValue(new GetOutcome.Absent());
    busy.close();
  }

  @Test
  void callsThatFindNoRoomAreUnknown() {
    S3Store full =
        new S3Store(
            S3Clients.connect(bucket(), S3ProxyServer.CREDENTIALS, S3Timeouts.DEFAULT, 1),
            bucket(),
            new StoreThreads(
                task -> {
                  throw new RejectedExecutionException("4096 wait");
                },
                Runnable::run,
                Runnable::run));

    assertThat(full.putIfAbsent("k", bytes("x")).join())
        .isEqualTo(new PutOutcome.Unknown("the store takes no more calls: 4096 wait"));
    full.close();
  }

  private void answer(Answer answer) {
    if (requests.getAndSet(0) > 0) {
      server.removeContext("/");
    }
    server.createContext(
        "/",
        exchange -> {
          requests.incrementAndGet();
          exchange.getRequestBody().readAllBytes();
          answer.to(exchange);
          exchange.close();
        });
  }

  private void waitForTheEnd() {
    try {
      end.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void error(HttpExchange exchange, int status, String code) throws IOException {
    send(
        exchange,
        status,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>%s</Code><Message>no</Message></Error>"
            .formatted(code));
  }

  private static String listing(String... keys) {
    StringBuilder xml = new StringBuilder("<ListBucketResult><IsTruncated>false</IsTruncated>");
    for (String key : keys) {
      xml.append("<Contents><Key>").append(key).append("</Key></Contents>");
    }
    return xml.append("</ListBucketResult>").toString();
  }

  /** Not the last. */
  private static String page(String content) {
    return "<ListBucketResult><IsTruncated>true</IsTruncated>" + content + "</ListBucketResult>";
  }

  private static void send(HttpExchange exchange, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, bytes.length);
    try (OutputStream out = exchange.getResponseBody()) {
      out.write(bytes);
    }
  }

  private PutOutcome put() {
    return store.putIfAbsent("k", bytes("x")).join();
  }

  private S3Store open(S3Timeouts timeouts) {
    return new S3Store(
        S3Clients.connect(bucket(), S3ProxyServer.CREDENTIALS, timeouts, 4),
        bucket(),
        StoreThreads.same(Runnable::run));
  }

  private S3Bucket bucket() {
    URI uri = URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    return new S3Bucket("bucket", "p", new S3Endpoint(uri, null, true));
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }
}
