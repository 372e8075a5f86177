package io.millrace.broker.handler;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.broker.cluster.LogDirectory;
import io.millrace.objectstore.DirectoryStore;
import io.millrace.runtime.Environment;
import io.millrace.runtime.simulated.SimulatedMachine;
import io.millrace.runtime.simulated.SimulatedScheduler;
import io.millrace.storage.PartitionId;
import io.millrace.storage.log.BrokerIdentity;
import io.millrace.storage.log.FolderSettings;
import io.millrace.storage.log.PartitionLog.Origin;
import io.millrace.storage.log.StorageEngine;
import io.millrace.storage.log.StorageSettings;
import io.millrace.storage.metadata.MetadataRecord.TopicCreated;
import io.millrace.storage.wal.FileWalSettings;
import io.millrace.storage.wal.WalSync;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.DescribeLogDirsRequestData;
import org.apache.kafka.common.message.DescribeLogDirsRequestData.DescribableLogDirTopic;
import org.apache.kafka.common.message.DescribeLogDirsResponseData.DescribeLogDirsResult;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DescribeLogDirsHandlerTest {
  private static final Path DATA = Path.of("/data");
  private static final Uuid ALPHA = new Uuid(7, 7);

  private final SimulatedScheduler scheduler = new SimulatedScheduler(1);
  private final Environment environment = new SimulatedMachine(scheduler, "m").startProcess();
  private final StorageEngine engine =
      StorageEngine.inFolder(
          environment,
          new DirectoryStore(
              environment.disk(), environment.threads().pool("store", 2, 1000), DATA),
          StorageSettings.of(64 << 20, 1 << 20, 1 << 20, 1_000_000, 1000),
          FolderSettings.of(
              DATA,
              new FileWalSettings(
                  256 << 10,
                  256 << 10,
                  64 << 10,
                  WalSync.ALWAYS,
                  0,
                  TimeUnit.MILLISECONDS.toNanos(100),
                  8 << 10,
                  8)),
          new BrokerIdentity(1, List.of(), Optional.empty(), "test"));
  private int batchBytes;

  @BeforeEach
  void aTopicOfTwoPartitionsOneWithABatch() {
    await(engine.start());
    await(
        engine
            .metadata()
            .submit(new TopicCreated(ALPHA, "alpha", List.of(List.of(1), List.of(1)), Map.of())));
    ByteBuffer batch =
        MemoryRecords.withRecords(
                Compression.NONE, new SimpleRecord("hello".getBytes(StandardCharsets.UTF_8)))
            .buffer();
    batchBytes = batch.remaining();
    await(await(engine.open(new PartitionId(ALPHA, 1))).append(batch, -1, Origin.CLIENT));
  }

  @Test
  void theDataFolderIsTheOneLogDirectoryWithTheSizeOfEachPartition() {
    DescribeLogDirsResult result = describe(new DescribeLogDirsRequestData().setTopics(null));

    assertThat(result.logDir()).isEqualTo("/data");
    assertThat(result.totalBytes()).isPositive();
    assertThat(result.usableBytes()).isPositive().isLessThanOrEqualTo(result.totalBytes());
    assertThat(shown(result)).containsExactly("alpha-0 0", "alpha-1 " + batchBytes);
  }

  @Test
  void onlyWhatIsAskedForAndThereIsShown() {
    DescribeLogDirsRequestData request = new DescribeLogDirsRequestData();
    request
        .topics()
        .add(new DescribableLogDirTopic().setTopic("alpha").setPartitions(List.of(1, 9)));
    request.topics().add(new DescribableLogDirTopic().setTopic("nosuch").setPartitions(List.of(0)));

    assertThat(shown(describe(request))).containsExactly("alpha-1 " + batchBytes);
    assertThat(shown(describe(new DescribeLogDirsRequestData()))).isEmpty();
  }

  private DescribeLogDirsResult describe(DescribeLogDirsRequestData request) {
    DescribeLogDirsHandler handler =
        new DescribeLogDirsHandler(
            engine.metadata(),
            engine,
            environment.threads().pool("disk", 1, 10),
            LogDirectory.folder(environment.disk(), DATA));
    return await(handler.handle(HandlerWorld.context(4), request)).results().getFirst();
  }

  private static List<String> shown(DescribeLogDirsResult result) {
    List<String> lines = new ArrayList<>();
    result
        .topics()
        .forEach(topic ->
            topic
                .partitions()
                .forEach(p ->
                    lines.add(topic.name() + "-" + p.partitionIndex() + " " + p.partitionSize())));
    return lines;
  }

  private <T> T await(CompletableFuture<T> future) {
    scheduler.runUntil(future::isDone, 1_000_000);
    assertThat(scheduler.failures()).isEmpty();
    assertThat(future).isDone();
    return future.join();
  }
}
