package io.millrace.storage.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.objectstore.DirectoryStore;
import io.millrace.objectstore.ObjectStore;
import io.millrace.runtime.Environment;
import io.millrace.runtime.simulated.SimulatedMachine;
import io.millrace.runtime.simulated.SimulatedScheduler;
import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.BoundarySpacing;
import io.millrace.storage.metadata.MetadataLog.Outcome;
import io.millrace.storage.metadata.MetadataRecord.TopicCreated;
import io.millrace.storage.metadata.MetadataRecord.TopicDeleted;
import io.millrace.storage.wal.FileWalSettings;
import io.millrace.storage.wal.WalSync;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;

/** A machine on which storage engines run, one after the other, over a directory store. */
final class SimulatedBroker {
  static final Path DATA = Path.of("/data");
  private static final long STEPS_MAX = 2_000_000;

  private final SimulatedScheduler scheduler;
  private final SimulatedMachine machine;
  private FolderSettings folder;
  private StorageSettings settings;
  private @Nullable Process process;

  private record Process(Environment environment, ObjectStore store, StorageEngine engine) {}

  SimulatedBroker(long seed) {
    this.scheduler = new SimulatedScheduler(seed);
    this.machine = new SimulatedMachine(scheduler, "m");
    this.folder = folder(256 << 10);
    this.settings = settings(1 << 20, 64 << 20);
  }

  private static FolderSettings folder(int walFileBytes) {
    return new FolderSettings(
        DATA,
        new FileWalSettings(
            walFileBytes,
            walFileBytes,
            64 << 10,
            WalSync.ALWAYS,
            0,
            TimeUnit.MILLISECONDS.toNanos(100),
            8 << 10,
            8),
        2,
        0);
  }

  private static StorageSettings settings(int logCacheBytes, long walBacklogBytesMax) {
    return new StorageSettings(
        walBacklogBytesMax,
        logCacheBytes,
        64 << 10,
        8 << 20,
        1 << 20,
        1_000_000,
        1000,
        300_000,
        2,
        BoundarySpacing.NORMAL,
        60_000);
  }

  /** Instead of the smaller files and larger cache that it begins with. */
  void sizes(int walFileBytes, int logCacheBytes) {
    folder = folder(walFileBytes);
    settings = settings(logCacheBytes, 64 << 20);
  }

  Environment environment() {
    return process().environment();
  }

  ObjectStore store() {
    return process().store();
  }

  /**
   * Small WAL files, merged as soon as two of them wait, and a cache that holds less than they do.
   */
  void mergeEagerly() {
    folder = folder(64 << 10);
    settings = settings(256 << 10, 256 << 10);
  }

  /** A new process on the machine, with its engine not yet started. */
  StorageEngine boot() {
    Environment environment = machine.startProcess();
    ObjectStore store =
        new DirectoryStore(environment.disk(), environment.threads().pool("store", 2, 1000), DATA);
    StorageEngine engine = engine(environment, store);
    process = new Process(environment, store, engine);
    return engine;
  }

  private Process process() {
    return Objects.requireNonNull(process, "not booted");
  }

  StorageEngine engine(Environment environment, ObjectStore over) {
    return StorageEngine.inFolder(
        environment,
        over,
        settings,
        folder,
        new BrokerIdentity(1, List.of(), Optional.empty(), "test"));
  }

  StorageEngine start() {
    StorageEngine booted = boot();
    await(booted.start());
    return booted;
  }

  void stop() {
    await(engine().stop());
    store().close();
    machine.crashProcess();
  }

  void losePower() {
    machine.losePower();
  }

  StorageEngine engine() {
    return process().engine();
  }

  SimulatedMachine machine() {
    return machine;
  }

  SimulatedScheduler scheduler() {
    return scheduler;
  }

  PartitionId createTopic(String name, int partitions) {
    Uuid id = new Uuid(7, name.hashCode());
    List<List<Integer>> replicas = new ArrayList<>();
    for (int i = 0; i < partitions; i++) {
      replicas.add(List.of(1));
    }
    Outcome outcome =
        await(engine().metadata().submit(new TopicCreated(id, name, replicas, Map.of())));
    assertThat(outcome).isInstanceOf(Outcome.Applied.class);
    return new PartitionId(id, 0);
  }

  void deleteTopic(PartitionId partition) {
    await(engine().metadata().submit(new TopicDeleted(partition.topicId())));
  }

  PartitionLog open(PartitionId id) {
    return await(engine().open(id));
  }

  /** The value of a future that completes, in virtual time. */
  <T> T await(CompletableFuture<T> future) {
    scheduler.runUntil(future::isDone, STEPS_MAX);
    assertThat(scheduler.failures()).isEmpty();
    assertThat(future.isDone()).as("completes").isTrue();
    return future.join();
  }
}
