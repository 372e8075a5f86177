package io.millrace.storage.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.objectstore.MemoryStore;
import io.millrace.objectstore.ObjectStore;
import io.millrace.runtime.Environment;
import io.millrace.runtime.simulated.SimulatedMachine;
import io.millrace.runtime.simulated.SimulatedScheduler;
import io.millrace.storage.WriterId;
import io.millrace.storage.cache.ChunkPool;
import io.millrace.storage.cache.LogCache;
import io.millrace.storage.metadata.BoundarySpacing;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import io.millrace.storage.metadata.MetadataImage.IncarnationState;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataRecord.IncarnationRegistered;
import io.millrace.storage.metadata.Registration;
import io.millrace.storage.metadata.StoredMetadataLog;
import io.millrace.storage.wal.FileWal;
import io.millrace.storage.wal.FileWalSettings;
import io.millrace.storage.wal.SpareFiles;
import io.millrace.storage.wal.TestBatch;
import io.millrace.storage.wal.WalFolder;
import io.millrace.storage.wal.WalPublisher;
import io.millrace.storage.wal.WalSync;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

class TakeoverTest {
  private static final Path DATA = Path.of("/data");
  private static final FileWalSettings SETTINGS =
      new FileWalSettings(
          64 << 10, 64 << 10, 16 << 10, WalSync.ALWAYS, 1_000_000, 2_000_000, 8 << 10, 3);

  private final SimulatedScheduler scheduler = new SimulatedScheduler(5);
  private final SimulatedMachine machine = new SimulatedMachine(scheduler, "m");
  private final ObjectStore store = new MemoryStore();
  private final WalFolder folder = new WalFolder(DATA.resolve("store"));
  private Environment environment = machine.startProcess();

  private <T> T await(CompletableFuture<T> future) {
    assertThat(scheduler.runUntil(future::isDone, 1_000_000)).isTrue();
    assertThat(scheduler.failures()).isEmpty();
    return future.join();
  }

  /** Registers a new incarnation of node 1 in the present process. */
  private MetadataLog register() {
    var random = environment.randomness();
    MetadataLog log =
        await(
            StoredMetadataLog.load(
                store,
                environment.threads().eventLoop("metadata"),
                environment.clock(),
                random,
                new WriterId(random.nextLong(), random.nextLong()),
                new BoundarySpacing(1000)));
    await(
        Registration.register(
            log,
            new IncarnationRegistered(
                log.writer(),
                1,
                Optional.ofNullable(log.image().brokers().get(1)),
                List.of(),
                Optional.empty(),
                "0.1.0"),
            new Uuid(1, 1)));
    return log;
  }

  private FileWal open(MetadataLog log) throws IOException {
    SpareFiles spares = SpareFiles.open(environment.disk(), DATA.resolve("spare"), 2, 64 << 10, 0);
    var cache = new LogCache(new ChunkPool(64 << 10, 1 << 20));
    FileWal wal =
        new FileWal(
            SETTINGS, log.writer(), environment, folder, spares, cache, new WalPublisher(log));
    wal.start();
    return wal;
  }

  private void write(FileWal wal, int batches) {
    for (int i = 0; i < batches; i++) {
      TestBatch batch =
          new TestBatch(TestBatch.partition(0), TestBatch.bytes(i, 1, 3000, i), false, () -> {});
      wal.append(batch);
      assertThat(scheduler.runUntil(() -> batch.durable, 100_000)).isTrue();
    }
  }

  private Takeover takeover(MetadataLog log) {
    Executor executor = environment.threads().pool("recovery", 1, 10);
    var recovery = new FileLogRecovery(new WalRecovery(environment.disk(), folder), executor);
    return new Takeover(log, WalSeal.HELD_LOCK, recovery);
  }

  private void restart() {
    machine.losePower();
    environment = machine.startProcess();
  }

  private static Incarnation incarnation(MetadataLog log, WriterId writer) {
    return Objects.requireNonNull(log.image().incarnations().get(writer));
  }

  @Test
  void theNextIncarnationTakesOverWhatTheFormerAcknowledged() throws IOException {
    // given a log with published and unpublished files
    MetadataLog former = register();
    FileWal wal = open(former);
    write(wal, 40);
    long durable = wal.durableSequence();
    restart();

    // when
    MetadataLog log = register();
    assertThat(incarnation(log, former.writer()).state()).isEqualTo(IncarnationState.FENCED);
    await(takeover(log).runAll());

    // then
    Incarnation ended = incarnation(log, former.writer());
    assertThat(ended.state()).isEqualTo(IncarnationState.RECOVERED);
    assertThat(ended.endSequence()).isGreaterThanOrEqualTo(durable);
    assertThat(ended.trim()).isBetween(0L, durable - 1);
    assertThat(log.image().objects()).hasSizeGreaterThan(1);
    assertThat(machine.disk().files(folder.storeFolder()))
        .containsExactlyElementsOf(
            log.image().objects().keySet().stream()
                .map(key -> folder.storeFolder().resolve(key))
                .toList());
  }

  @Test
  void anyStepMayBeDoneAgain() throws IOException {
    // given
    MetadataLog former = register();
    write(open(former), 3);
    restart();
    MetadataLog log = register();

    // when two run at once, and one more afterwards
    CompletableFuture<Void> first = takeover(log).run(former.writer());
    CompletableFuture<Void> second = takeover(log).run(former.writer());
    await(first);
    await(second);
    await(takeover(log).run(former.writer()));

    // then
    assertThat(log.image().objects()).hasSize(1);
  }

  @Test
  void aCrashAtAnyDiskCallOfTheTakeoverIsMadeGoodByTheNextOne() throws IOException {
    // given
    MetadataLog former = register();
    write(open(former), 30);
    restart();

    // when
    boolean crashed = true;
    for (int call = 1; crashed; call++) {
      MetadataLog log = register();
      machine.crashAfterDiskCalls(call);
      CompletableFuture<Void> done = takeover(log).runAll();
      scheduler.runUntil(() -> done.isDone() || !machine.running(), 1_000_000);
      crashed = !machine.running();
      if (crashed) {
        restart();
      } else {
        done.join();
        assertThat(log.image().recoveredEnd(former.writer())).isPresent();
        assertThat(log.image().objects().keySet()).hasSizeGreaterThan(1);
      }
    }
  }

  @Test
  void damageStopsItBeforeAnythingIsCommitted() throws IOException {
    // given
    MetadataLog former = register();
    write(open(former), 3);
    restart();
    machine.disk().flipBit(folder.file(former.writer(), 0), 4000);
    MetadataLog log = register();

    // when
    CompletableFuture<Void> done = takeover(log).runAll();

    // then
    assertThatThrownBy(() -> await(done))
        .isInstanceOf(CompletionException.class)
        .hasCauseInstanceOf(WalCorruptException.class);
    assertThat(incarnation(log, former.writer()).state()).isEqualTo(IncarnationState.FENCED);
  }
}
