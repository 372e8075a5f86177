package io.millrace.storage.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.runtime.Environment;
import io.millrace.runtime.simulated.SimulatedMachine;
import io.millrace.runtime.simulated.SimulatedScheduler;
import io.millrace.storage.Keys;
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
import io.millrace.storage.wal.HeldStore;
import io.millrace.storage.wal.ObjectWal;
import io.millrace.storage.wal.ObjectWalSettings;
import io.millrace.storage.wal.TestBatch;
import io.millrace.storage.wal.WalFencedException;
import io.millrace.storage.wal.WalPublisher;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

/** Brokers on one store, one of which is taken over by the others while it lives. */
class ObjectTakeoverTest {
  private final SimulatedScheduler scheduler = new SimulatedScheduler(5);
  private final HeldStore store =
      new HeldStore(
          new SimulatedMachine(scheduler, "store").startProcess().threads().eventLoop("store"));
  private final List<TestBatch> batches = new ArrayList<>();

  private final class Broker {
    final Environment environment;
    final MetadataLog log;

    Broker(int nodeId) {
      environment = new SimulatedMachine(scheduler, "broker" + nodeId).startProcess();
      var random = environment.randomness();
      log =
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
                  log.writer(), nodeId, Optional.empty(), List.of(), Optional.empty(), "0.1.0"),
              new Uuid(1, 1)));
    }

    ObjectWal open() {
      return new ObjectWal(
          ObjectWalSettings.of(10, 1 << 20, 8 << 20, 1000),
          log.writer(),
          environment,
          store,
          new LogCache(new ChunkPool(64 << 10, 1 << 20)),
          new WalPublisher(log));
    }

    CompletableFuture<Void> takeOver(WriterId ended) {
      return await(
              log.refresh()
                  .thenApply(_ ->
                      new Takeover(
                          log,
                          new ObjectSeal(
                              store,
                              environment.threads().eventLoop("seal"),
                              environment.randomness()),
                          new ObjectLogRecovery(
                              store,
                              environment.threads().eventLoop("recover"),
                              environment.randomness()))))
          .run(ended);
    }

    Incarnation incarnation(WriterId writer) {
      return Objects.requireNonNull(log.image().incarnations().get(writer));
    }
  }

  private <T> T await(CompletableFuture<T> future) {
    assertThat(scheduler.runUntil(future::isDone, 1_000_000)).isTrue();
    assertThat(scheduler.failures()).isEmpty();
    return future.join();
  }

  private TestBatch append(ObjectWal wal) {
    var batch =
        new TestBatch(
            TestBatch.partition(0),
            TestBatch.bytes(batches.size(), 1, 300, batches.size()),
            false,
            () -> {});
    batches.add(batch);
    wal.append(batch);
    return batch;
  }

  private void write(ObjectWal wal, int count) {
    for (int i = 0; i < count; i++) {
      TestBatch batch = append(wal);
      assertThat(scheduler.runUntil(() -> batch.durable, 100_000)).isTrue();
    }
  }

  @Test
  void aLiveBrokerIsTakenOverByTwoAtOnceAndLearnsIt() {
    // given a log with published and unpublished entries
    Broker victim = new Broker(1);
    ObjectWal wal = victim.open();
    write(wal, 5);
    await(wal.roll());
    write(wal, 5);
    Broker second = new Broker(2);
    Broker third = new Broker(3);
    WriterId ended = victim.log.writer();

    // when
    CompletableFuture<Void> one = second.takeOver(ended);
    CompletableFuture<Void> two = third.takeOver(ended);
    await(one);
    await(two);

    // then
    Incarnation recovered = second.incarnation(ended);
    assertThat(recovered.state()).isEqualTo(IncarnationState.RECOVERED);
    assertThat(recovered.trim()).isEqualTo(4);
    assertThat(recovered.endSequence()).isEqualTo(9);
    assertThat(second.log.image().objects()).hasSize(10);
    TestBatch late = append(wal);
    assertThat(scheduler.runUntil(() -> wal.failure().isDone(), 100_000)).isTrue();
    assertThat(late.durable).isFalse();
    assertThat(wal.failure().join()).isInstanceOf(WalFencedException.class);
  }

  @Test
  void entriesThatAreGoneAreNoDamageIfAnotherHasRecoveredTheLog() {
    // given a broker that stops between sealing and reading
    Broker victim = new Broker(1);
    write(victim.open(), 5);
    WriterId ended = victim.log.writer();
    Broker slow = new Broker(2);
    Broker fast = new Broker(3);
    boolean[] stopped = {true};
    List<CompletableFuture<Void>> held = new ArrayList<>();
    await(slow.log.refresh());
    var sealing =
        new ObjectSeal(
            store, slow.environment.threads().eventLoop("seal"), slow.environment.randomness());
    var takeover =
        new Takeover(
            slow.log,
            (writer, trim) ->
                sealing
                    .seal(writer, trim)
                    .thenCompose(end -> {
                      CompletableFuture<Void> hold = new CompletableFuture<>();
                      held.add(hold);
                      return stopped[0]
                          ? hold.thenApply(_ -> end)
                          : CompletableFuture.completedFuture(end);
                    }),
            new ObjectLogRecovery(
                store,
                slow.environment.threads().eventLoop("recover"),
                slow.environment.randomness()));
    CompletableFuture<Void> slowly = takeover.run(ended);
    assertThat(scheduler.runUntil(() -> !held.isEmpty(), 100_000)).isTrue();

    // when the other finishes, and the entries are collected
    await(fast.takeOver(ended));
    for (long sequence = 0; sequence < 5; sequence++) {
      await(store.memory.delete(Keys.wal(ended, sequence)));
    }
    stopped[0] = false;
    held.getFirst().complete(null);

    // then
    await(slowly);
    assertThat(slow.incarnation(ended).state()).isEqualTo(IncarnationState.RECOVERED);
  }

  @Test
  void damageStopsItBeforeAnythingIsCommitted() {
    Broker victim = new Broker(1);
    write(victim.open(), 5);
    WriterId ended = victim.log.writer();
    await(store.memory.delete(Keys.wal(ended, 2)));
    Broker other = new Broker(2);
    CompletableFuture<Void> done = other.takeOver(ended);
    assertThat(scheduler.runUntil(done::isDone, 1_000_000)).isTrue();
    assertThatThrownBy(done::join)
        .hasCauseInstanceOf(WalCorruptException.class)
        .hasMessageContaining(Keys.wal(ended, 2));
    assertThat(other.incarnation(ended).state()).isEqualTo(IncarnationState.FENCED);
  }
}
