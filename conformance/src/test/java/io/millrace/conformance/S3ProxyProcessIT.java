package io.millrace.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.objectstore.ObjectStore;
import io.millrace.objectstore.ObjectStore.GetOutcome;
import io.millrace.objectstore.ObjectStore.PutOutcome;
import io.millrace.objectstore.StoreProbe;
import io.millrace.objectstore.StoreProbe.ProbeOutcome;
import io.millrace.objectstore.location.SharedStore;
import io.millrace.objectstore.location.StoreLocation;
import io.millrace.objectstore.s3.S3Endpoint;
import io.millrace.runtime.Environment;
import io.millrace.runtime.SystemClock;
import io.millrace.runtime.SystemDisk;
import io.millrace.runtime.SystemRandomness;
import io.millrace.runtime.SystemThreads;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A store in a bucket, over real sockets and with the credentials of the process. */
class S3ProxyProcessIT {
  private static final long PATIENCE_SECONDS = 120;

  @TempDir private Path folder;

  private final SystemThreads threads =
      new SystemThreads((thread, bug) -> {
        throw new AssertionError(thread, bug);
      });

  @BeforeEach
  void letClientsIn() {
    S3ProxyProcess.systemProperties().forEach(System::setProperty);
  }

  @AfterEach
  void close() {
    S3ProxyProcess.systemProperties().keySet().forEach(System::clearProperty);
    threads.close();
  }

  @Test
  void whatOneStorePutAnotherReadsAndTheServicesDeathIsUnknown() throws Exception {
    try (S3ProxyProcess service = S3ProxyProcess.start(folder);
        ObjectStore one = open(service);
        ObjectStore other = open(service)) {
      assertThat(await(probe(one))).isEqualTo(new ProbeOutcome.Passed());
      assertThat(await(one.putIfAbsent("a/1", bytes("first")))).isEqualTo(new PutOutcome.Stored());
      assertThat(await(other.putIfAbsent("a/1", bytes("second"))))
          .isEqualTo(new PutOutcome.Exists());

      service.kill();
      assertThat(await(one.putIfAbsent("a/2", bytes("lost"))))
          .isInstanceOf(PutOutcome.Unknown.class);
      assertThat(await(other.get("a/1", 100))).isInstanceOf(GetOutcome.Unknown.class);

      service.restart();
      assertThat(await(other.get("a/1", 100))).isEqualTo(new GetOutcome.Found(bytes("first")));
      assertThat(await(other.get("a/2", 100))).isEqualTo(new GetOutcome.Absent());
    }
  }

  private ObjectStore open(S3ProxyProcess service) {
    StoreLocation location =
        StoreLocation.parse(
            "s3://" + S3ProxyProcess.BUCKET + "/cluster",
            S3Endpoint.of(service.endpoint(), "", true));
    return SharedStore.open(
        location,
        new Environment(new SystemClock(), new SystemRandomness(), threads, new SystemDisk()));
  }

  private static CompletableFuture<ProbeOutcome> probe(ObjectStore store) {
    return new StoreProbe(
            store, new SystemClock(), "probe/one/1", "probe/one/2", StoreProbe.RACERS_SHARED)
        .run();
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }

  private static <T> T await(CompletableFuture<T> future) throws Exception {
    return future.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
  }
}
