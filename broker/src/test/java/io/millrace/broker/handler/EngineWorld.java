package io.millrace.broker.handler;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.config.BrokerConfig;
import io.millrace.broker.config.TopicConfigs;
import io.millrace.broker.fetch.FetchSessions;
import io.millrace.broker.produce.PartitionProduce;
import io.millrace.broker.produce.TransactionAdmission;
import io.millrace.broker.quota.ClientQuotas;
import io.millrace.broker.quota.QuotaSettings;
import io.millrace.objectstore.DirectoryStore;
import io.millrace.runtime.Environment;
import io.millrace.runtime.simulated.SimulatedMachine;
import io.millrace.runtime.simulated.SimulatedScheduler;
import io.millrace.storage.PartitionId;
import io.millrace.storage.log.BrokerIdentity;
import io.millrace.storage.log.FolderSettings;
import io.millrace.storage.log.PartitionLog;
import io.millrace.storage.log.Partitions;
import io.millrace.storage.log.StorageEngine;
import io.millrace.storage.log.StorageSettings;
import io.millrace.storage.metadata.MetadataRecord.TopicCreated;
import io.millrace.storage.metadata.MetadataRecord.TopicDeleted;
import io.millrace.storage.wal.FileWalSettings;
import io.millrace.storage.wal.WalSync;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.jspecify.annotations.Nullable;

/** One broker's data plane on a whole storage engine, on a simulated machine in virtual time. */
final class EngineWorld {
  private static final Path DATA = Path.of("/data");

  final SimulatedScheduler scheduler = new SimulatedScheduler(1);
  final SimulatedMachine machine = new SimulatedMachine(scheduler, "m");
  final Environment environment = machine.startProcess();
  final StorageEngine engine =
      StorageEngine.inFolder(
          environment,
          new DirectoryStore(
              environment.disk(), environment.threads().pool("store", 2, 1000), DATA),
          StorageSettings.of(64 << 20, 16 << 20, 1 << 20, 1_000_000, 1000),
          FolderSettings.of(
              DATA,
              new FileWalSettings(
                  1 << 20,
                  1 << 20,
                  64 << 10,
                  WalSync.ALWAYS,
                  0,
                  TimeUnit.MILLISECONDS.toNanos(100),
                  8 << 10,
                  8)),
          new BrokerIdentity(1, List.of(), Optional.empty(), "test"));
  final ClientQuotas quotas =
      new ClientQuotas(
          () -> this.engine.metadata().image(),
          environment.clock(),
          new QuotaSettings(11, 1_000_000_000L, 11, 1_000_000_000L));
  final SimulatedVerifier transactions = new SimulatedVerifier();
  final ProduceHandler produce;
  final FetchHandler fetch;
  final ListOffsetsHandler listOffsets;

  EngineWorld() {
    await(engine.start());
    TopicConfigs configs = new TopicConfigs(BrokerConfig.of(Map.of("node.id", "1")), 1);
    produce =
        new ProduceHandler(
            engine.metadata()::image,
            new PartitionProduce(engine, configs, environment.clock()),
            new TransactionAdmission(engine, transactions));
    fetch =
        new FetchHandler(
            engine.metadata()::image,
            engine,
            new FetchSessions(10, environment.clock(), environment.randomness()),
            environment.threads().eventLoop("fetch"),
            1 << 20,
            quotas);
    listOffsets = new ListOffsetsHandler(engine.metadata()::image, engine);
  }

  Uuid createTopic(String name, int partitions, Map<String, String> configs) {
    Uuid id = new Uuid(99, name.hashCode());
    List<List<Integer>> replicas = new ArrayList<>();
    for (int i = 0; i < partitions; i++) {
      replicas.add(List.of(1));
    }
    await(engine.metadata().submit(new TopicCreated(id, name, replicas, configs)));
    return id;
  }

  /** The engine's partitions, except that asking for this one throws. */
  Partitions failingOn(PartitionId broken) {
    return new Partitions() {
      @Override
      public CompletableFuture<PartitionLog> open(PartitionId id) {
        return engine.open(id);
      }

      @Override
      public @Nullable PartitionLog ifOpen(PartitionId id) {
        if (id.equals(broken)) {
          throw new IllegalStateException("a bug");
        }
        return engine.ifOpen(id);
      }
    };
  }

  void deleteTopic(Uuid id) {
    await(engine.metadata().submit(new TopicDeleted(id)));
  }

  <Q extends ApiMessage> CompletableFuture<? extends ApiMessage> ask(
      ApiHandler<Q> handler, int version, Q request) {
    return handler.handle(HandlerWorld.context(version), request);
  }

  <T> T await(CompletableFuture<T> future) {
    assertThat(scheduler.runUntil(future::isDone, 1_000_000)).isTrue();
    assertThat(scheduler.failures()).isEmpty();
    return future.join();
  }

  /** Virtual time passes. */
  void pass(long ms) {
    scheduler.runFor(TimeUnit.MILLISECONDS.toNanos(ms));
    assertThat(scheduler.failures()).isEmpty();
  }

  static ByteBuffer batch(int records) {
    return bytes(MemoryRecords.withRecords(Compression.NONE, records(records)));
  }

  static ByteBuffer transactional(long producerId, int epoch, int sequence, int records) {
    return bytes(
        MemoryRecords.withTransactionalRecords(
            Compression.NONE, producerId, (short) epoch, sequence, records(records)));
  }

  private static SimpleRecord[] records(int count) {
    SimpleRecord[] all = new SimpleRecord[count];
    Arrays.setAll(
        all, i -> new SimpleRecord(1000, ("k" + i).getBytes(StandardCharsets.UTF_8), new byte[10]));
    return all;
  }

  private static ByteBuffer bytes(MemoryRecords made) {
    return ByteBuffer.allocate(made.sizeInBytes()).put(made.buffer()).flip();
  }
}
