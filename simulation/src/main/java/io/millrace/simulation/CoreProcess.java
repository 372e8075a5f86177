package io.millrace.simulation;

import io.millrace.broker.BrokerCore;
import io.millrace.broker.api.Caller;
import io.millrace.broker.config.BrokerConfig;
import io.millrace.broker.config.LoggerLevels;
import io.millrace.objectstore.DirectoryStore;
import io.millrace.protocol.EncodedResponse;
import io.millrace.runtime.Environment;
import io.millrace.storage.cluster.PeerReply;
import io.millrace.storage.cluster.PeerService;
import io.millrace.storage.log.FolderSettings;
import io.millrace.storage.log.StorageSettings;
import io.millrace.storage.metadata.BoundarySpacing;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataRecord.Endpoint;
import io.millrace.storage.wal.FileWalSettings;
import io.millrace.storage.wal.WalSync;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The broker's own composition, with files and caches so small that everything that happens in a
 * day happens in seconds.
 */
record CoreProcess(Environment environment, BrokerCore core) implements BrokerProcess {
  static final Endpoint ADDRESS = new Endpoint("PLAINTEXT", "broker", 9092, "PLAINTEXT");
  private static final int STORE_THREADS = 4;
  private static final int STORE_TASKS_MAX = 1000;

  static CompletableFuture<BrokerProcess> start(Environment environment) {
    Path data = BrokerHost.DATA;
    DirectoryStore store =
        new DirectoryStore(
            environment.disk(),
            environment.threads().pool("store", STORE_THREADS, STORE_TASKS_MAX),
            data);
    BrokerCore core =
        BrokerCore.inFolder(
            environment,
            BrokerConfig.of(
                Map.of(
                    "node.id",
                    "1",
                    "log.cleaner.backoff.ms",
                    "200",
                    "log.retention.check.interval.ms",
                    "500")),
            store,
            settings(),
            folder(data),
            List.of(ADDRESS),
            "simulation",
            LoggerLevels.NONE);
    return core.start().thenApply(done -> new CoreProcess(environment, core));
  }

  private static FolderSettings folder(Path data) {
    FileWalSettings wal =
        new FileWalSettings(
            128 << 10,
            64 << 10,
            32 << 10,
            WalSync.ALWAYS,
            0,
            TimeUnit.MILLISECONDS.toNanos(100),
            8 << 10,
            8);
    return new FolderSettings(data, wal, 2, 0);
  }

  private static StorageSettings settings() {
    return new StorageSettings(
        384 << 10,
        512 << 10,
        64 << 10,
        1 << 20,
        64 << 10,
        86_400_000,
        600_000,
        500,
        2,
        new BoundarySpacing(8),
        700);
  }

  @Override
  public CompletableFuture<@Nullable EncodedResponse> dispatch(Caller caller, ByteBuffer frame) {
    return core.dispatcher().dispatch(frame, caller, environment.clock().monotonicNs());
  }

  @Override
  public MetadataLog metadata() {
    return core.storage().metadata();
  }

  @Override
  public PeerService peers() {
    return request ->
        CompletableFuture.completedFuture(new PeerReply.Declined("a broker that is alone"));
  }

  @Override
  public CompletableFuture<Throwable> failure() {
    return core.failure();
  }

  @Override
  public CompletableFuture<Void> stop() {
    return core.stop();
  }
}
