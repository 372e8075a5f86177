package io.millrace.objectstore.s3;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.objectstore.ObjectStore;
import io.millrace.objectstore.ObjectStore.DeleteOutcome;
import io.millrace.objectstore.ObjectStore.GetOutcome;
import io.millrace.objectstore.ObjectStore.HeadOutcome;
import io.millrace.objectstore.ObjectStore.ListOutcome;
import io.millrace.objectstore.ObjectStore.PutOutcome;
import io.millrace.objectstore.ObjectStoreContractTest;
import io.millrace.objectstore.StoreThreads;
import io.millrace.runtime.SystemThreads;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.services.s3.S3Client;

final class S3StoreContractTest extends ObjectStoreContractTest {
  private static final int THREADS = 32;
  private static S3ProxyServer server;
  private static SystemThreads threads;

  private S3Bucket bucket;
  private S3Store store;

  @BeforeAll
  static void startServer() throws Exception {
    server = new S3ProxyServer();
    server.createBucket("bucket");
    threads =
        new SystemThreads((thread, bug) -> {
          throw new AssertionError(thread, bug);
        });
  }

  @AfterAll
  static void stopServer() throws Exception {
    threads.close();
    server.stop();
  }

  @BeforeEach
  void open(TestInfo test) {
    bucket = server.bucket("bucket", "clusters/" + test.getTestMethod().orElseThrow().getName());
    store = open(bucket);
  }

  @AfterEach
  void close() {
    store.close();
  }

  @Override
  protected ObjectStore store() {
    return store;
  }

  @Test
  void aListingIsReadInPagesAndSkipsWhatIsNoKey() {
    List<CompletableFuture<PutOutcome>> puts = new ArrayList<>();
    List<String> all = new ArrayList<>();
    for (int i = 0; i < 1100; i++) {
      String key = "p/%04d".formatted(i);
      all.add(key);
      puts.add(store.putIfAbsent(key, bytes("")));
    }
    puts.forEach(put -> assertThat(await(put)).isEqualTo(new PutOutcome.Stored()));
    try (S3Client client = connect(bucket)) {
      client.putObject(
          request -> request.bucket("bucket").key(bucket.prefix() + "/p/0500 not ours"),
          BufferStream.body(bytes("")));
    }

    assertThat(list("p/", "", 2000)).isEqualTo(new ListOutcome.Keys(all, false));
    assertThat(list("p/", "", 1050)).isEqualTo(new ListOutcome.Keys(all.subList(0, 1050), true));
    assertThat(list("p/", "p/0999", 1000))
        .isEqualTo(new ListOutcome.Keys(all.subList(1000, 1100), false));
  }

  @Test
  void storesUnderOtherPrefixesAreNotSeen() {
    S3Store inside = open(server.bucket("bucket", bucket.prefix() + "/inside"));
    S3Store beside = open(server.bucket("bucket", bucket.prefix() + "2"));

    put("a", bytes("x"));
    await(beside.putIfAbsent("b", bytes("x")));

    assertThat(list("", "", 10)).isEqualTo(keys(false, "a"));
    assertThat(await(inside.list("", "", 10))).isEqualTo(keys(false));
    assertThat(await(beside.list("", "", 10))).isEqualTo(keys(false, "b"));
    assertThat(await(beside.putIfAbsent("a", bytes("y")))).isEqualTo(new PutOutcome.Stored());
    inside.close();
    beside.close();
  }

  @Test
  void aMissingBucketIsNoAnswerThatSaysSo() {
    S3Store missing = open(server.bucket("missing", "p"));

    assertThat(await(missing.putIfAbsent("a", bytes("x"))))
        .isInstanceOfSatisfying(PutOutcome.Unknown.class, this::namesTheBucket);
    assertThat(await(missing.get("a", 1))).isInstanceOf(GetOutcome.Unknown.class);
    assertThat(await(missing.getRange("a", 0, 1))).isInstanceOf(GetOutcome.Unknown.class);
    assertThat(await(missing.head("a"))).isInstanceOf(HeadOutcome.Unknown.class);
    assertThat(await(missing.list("", "", 1))).isInstanceOf(ListOutcome.Unknown.class);
    assertThat(await(missing.delete("a"))).isInstanceOf(DeleteOutcome.Unknown.class);
    missing.close();
  }

  @Test
  void wrongCredentialsAreNoAnswerThatSaysSo() {
    S3Client stranger =
        S3Clients.connect(
            bucket,
            StaticCredentialsProvider.create(AwsBasicCredentials.create("identity", "wrong")),
            S3Timeouts.DEFAULT,
            1);
    S3Store refused = new S3Store(stranger, bucket, StoreThreads.same(Runnable::run));

    assertThat(await(refused.putIfAbsent("a", bytes("x"))))
        .isInstanceOfSatisfying(
            PutOutcome.Unknown.class,
            unknown -> assertThat(unknown.reason()).contains("403").contains("credentials"));
    assertThat(await(refused.head("a"))).isInstanceOf(HeadOutcome.Unknown.class);
    refused.close();
  }

  @Test
  void aClosedStoreGivesNoAnswer() {
    store.close();

    assertThat(put("a", bytes("x"))).isInstanceOf(PutOutcome.Unknown.class);
    assertThat(await(store.get("a", 1))).isInstanceOf(GetOutcome.Unknown.class);
  }

  private void namesTheBucket(PutOutcome.Unknown unknown) {
    assertThat(unknown.reason()).contains("NoSuchBucket").contains("create the bucket missing");
  }

  private static S3Store open(S3Bucket bucket) {
    return new S3Store(
        connect(bucket),
        bucket,
        new StoreThreads(
            threads.pool("write", THREADS, 2000),
            threads.pool("read", 6, 100),
            threads.pool("block", 2, 100)));
  }

  private static S3Client connect(S3Bucket bucket) {
    return S3Clients.connect(bucket, S3ProxyServer.CREDENTIALS, S3Timeouts.DEFAULT, THREADS + 8);
  }
}
