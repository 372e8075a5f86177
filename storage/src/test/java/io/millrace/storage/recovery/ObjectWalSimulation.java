package io.millrace.storage.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.runtime.Environment;
import io.millrace.runtime.EventLoop;
import io.millrace.runtime.simulated.SimulatedMachine;
import io.millrace.runtime.simulated.SimulatedScheduler;
import io.millrace.storage.Keys;
import io.millrace.storage.PartitionId;
import io.millrace.storage.cache.ChunkPool;
import io.millrace.storage.cache.LogCache;
import io.millrace.storage.metadata.LossyStore;
import io.millrace.storage.metadata.ObjectInfo;
import io.millrace.storage.wal.ObjectWal;
import io.millrace.storage.wal.ObjectWalSettings;
import io.millrace.storage.wal.ObjectWalWorld;
import io.millrace.storage.wal.SealedWalFile;
import io.millrace.storage.wal.TestBatch;
import io.millrace.storage.wal.WalEndedException;
import io.millrace.storage.wal.WalFullException;
import io.millrace.storage.wal.WalWorld;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A writer at work on a store that loses, delays and repeats; brokers that fence and seal it at a
 * random moment, some of which stop half-way; recovery; then the log is merged and collected while
 * the writer, who may not know that it is over, goes on.
 */
class ObjectWalSimulation {
  private static final int PARTITIONS = 3;
  private static final long MS = 1_000_000L;

  /** One seed. */
  private static final class Run {
    final SimulatedScheduler scheduler;
    final SplittableRandom random;
    final TreeMap<String, byte[]> objects = new TreeMap<>();
    final Environment environment;
    final EventLoop storeLoop;
    final int lossPercent;
    final ObjectWal wal;
    final Map<PartitionId, List<TestBatch>> sent = new TreeMap<>();
    final Map<TestBatch, byte[]> acknowledged = new HashMap<>();

    // The image.
    boolean fenced;
    boolean answersPublications = true;
    long trim = -1;
    final ArrayDeque<Runnable> publications = new ArrayDeque<>();
    final List<ObjectInfo> listed = new ArrayList<>();

    long tags;
    int sealers;

    Run(long seed) {
      scheduler = new SimulatedScheduler(seed);
      random = scheduler.fork();
      environment = new SimulatedMachine(scheduler, "writer").startProcess();
      storeLoop =
          new SimulatedMachine(scheduler, "store").startProcess().threads().eventLoop("store");
      lossPercent = random.nextInt(35);
      LossyStore store = store(lossPercent);
      store.repeatPercent = random.nextInt(20);
      var settings =
          new ObjectWalSettings(
              (1 + random.nextInt(20)) * MS,
              1 + random.nextInt(4),
              4 << 10,
              128 << 10,
              16 << 10,
              (3 + random.nextInt(20)) * MS,
              1 + random.nextInt(20),
              64 << 10,
              random.nextInt(300) * MS,
              50);
      wal =
          new ObjectWal(
              settings,
              ObjectWalWorld.WRITER,
              environment,
              store,
              new LogCache(new ChunkPool(16 << 10, 64 << 10)),
              this::publish);
    }

    LossyStore store(int loss) {
      return new LossyStore(storeLoop, scheduler.fork(), loss, objects);
    }

    private CompletableFuture<Void> publish(List<SealedWalFile> entries) {
      CompletableFuture<Void> published = new CompletableFuture<>();
      publications.addLast(() -> {
        if (!fenced) {
          assertThat(entries.getFirst().lastSequence()).isEqualTo(trim + 1);
          entries.forEach(entry -> listed.add(entry.object()));
          trim = entries.getLast().lastSequence();
          published.complete(null);
        } else if (answersPublications) {
          published.completeExceptionally(new IllegalStateException("fenced"));
        }
      });
      // In order, whichever timer comes first.
      storeLoop.schedule(random.nextInt(5_000_000), () -> publications.removeFirst().run());
      return published;
    }

    void send() {
      PartitionId partition = TestBatch.partition(random.nextInt(PARTITIONS));
      List<TestBatch> before = sent.computeIfAbsent(partition, _ -> new ArrayList<>());
      long offset = before.isEmpty() ? 0 : before.getLast().endOffset();
      ByteBuffer bytes =
          TestBatch.bytes(offset, 1 + random.nextInt(3), 50 + random.nextInt(1500), tags++);
      TestBatch[] self = new TestBatch[1];
      var batch = new TestBatch(partition, bytes, false, () -> onFate(self[0]));
      self[0] = batch;
      try {
        wal.append(batch);
        before.add(batch);
      } catch (WalEndedException | WalFullException notTaken) {
        return;
      }
    }

    /** What is acknowledged stands in the store at that moment, and all before it. */
    private void onFate(TestBatch batch) {
      if (batch.durable) {
        assertThat(batch.inChunk).isEqualTo(batch.array());
        acknowledged.put(batch, batch.inChunk);
        assertThat(wal.durableSequence()).isEqualTo(batch.fileCounter);
        assertThat(batch.ended).isNull();
      }
    }

    void produce(int bursts) {
      for (int burst = 0; burst < bursts; burst++) {
        for (int i = random.nextInt(8); i >= 0; i--) {
          send();
        }
        scheduler.runFor(
            random.nextInt(4) == 0 ? random.nextLong(60 * MS) : random.nextLong(6 * MS));
      }
    }

    /** A broker that seals; it may die on the way. */
    CompletableFuture<Long> sealer(LossyStore store, boolean dies) {
      SimulatedMachine machine = new SimulatedMachine(scheduler, "sealer" + sealers++);
      Environment own = machine.startProcess();
      CompletableFuture<Long> end =
          new ObjectSeal(store, own.threads().eventLoop("seal"), own.randomness())
              .seal(ObjectWalWorld.WRITER, trim);
      if (dies) {
        storeLoop.schedule(random.nextLong(40 * MS), machine::crashProcess);
      }
      return end;
    }

    RecoveredLog recover(long end) {
      Environment own = new SimulatedMachine(scheduler, "recovery").startProcess();
      return await(
          new ObjectLogRecovery(
                  store(lossPercent), own.threads().eventLoop("recover"), own.randomness())
              .recover(ObjectWalWorld.incarnation(trim), end));
    }

    <T> T await(CompletableFuture<T> future) {
      assertThat(scheduler.runUntil(future::isDone, 2_000_000)).as("it comes to an end").isTrue();
      assertThat(scheduler.failures()).isEmpty();
      return future.join();
    }

    /** Everything listed, in order, as a reader finds it. */
    Map<PartitionId, List<byte[]>> found() {
      Map<PartitionId, List<byte[]>> found = new TreeMap<>();
      for (ObjectInfo object : listed) {
        WalWorld.collect(found, object, ByteBuffer.wrap(objects.get(object.key())));
      }
      return found;
    }

    void verify(Map<PartitionId, List<byte[]>> found) {
      sent.forEach((partition, batches) -> {
        List<byte[]> kept = found.getOrDefault(partition, List.of());
        assertThat(kept.size()).isLessThanOrEqualTo(batches.size());
        for (int i = 0; i < batches.size(); i++) {
          TestBatch batch = batches.get(i);
          if (i < kept.size()) {
            assertThat(kept.get(i)).as("one content per offset").isEqualTo(batch.array());
          } else {
            assertThat(acknowledged).as("acknowledged and lost").doesNotContainKey(batch);
          }
        }
      });
    }
  }

  static long[] seeds() {
    String one = System.getProperty("millrace.seed");
    long[] seeds = new long[one == null ? 200 : 1];
    for (int i = 0; i < seeds.length; i++) {
      seeds[i] = one == null ? i : Long.parseLong(one);
    }
    return seeds;
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void nothingAcknowledgedIsLostAndNothingIsAcknowledgedPastTheSeal(long seed) {
    // given a writer at work, whose proofs come
    Run run = new Run(seed);
    run.produce(run.random.nextInt(40));
    run.await(run.wal.proof());

    // when it is fenced, and does not learn of it from the metadata in half of the cases
    run.fenced = true;
    run.answersPublications = run.random.nextBoolean();
    List<CompletableFuture<Long>> ends = new ArrayList<>();
    List<LossyStore> stores = new ArrayList<>();
    for (int i = run.random.nextInt(3); i >= 0; i--) {
      LossyStore store = run.store(run.lossPercent);
      CompletableFuture<Long> end = run.sealer(store, i > 0 && run.random.nextBoolean());
      if (i == 0) {
        stores.add(store);
        ends.add(end);
      }
      run.produce(run.random.nextInt(4));
    }
    CompletableFuture<Long> sealed = ends.getFirst();
    while (!sealed.isDone()) {
      run.produce(1);
      assertThat(stores.getFirst().puts).as("puts to seal").isLessThan(4000);
    }
    long end = run.await(sealed);
    CompletableFuture<Void> lateProof = run.wal.proof();
    RecoveredLog log = run.recover(end);
    run.listed.addAll(log.objects());

    // then
    assertThat(log.endSequence()).isEqualTo(end);
    run.verify(run.found());
    assertThat(run.await(run.sealer(run.store(run.lossPercent), false))).isEqualTo(end);

    // when all is merged and collected but the seal that ends the log and the fence
    Map<PartitionId, List<byte[]>> found = run.found();
    String ending = Keys.wal(ObjectWalWorld.WRITER, end + 1);
    run.objects.keySet().removeIf(key -> key.startsWith(Keys.WAL) && !key.equals(ending));
    run.produce(10);
    run.sealer(run.store(run.lossPercent), true);
    run.produce(10);
    run.objects.keySet().removeIf(key -> key.startsWith(Keys.WAL) && !key.equals(ending));
    run.produce(5);
    run.scheduler.runFor(TimeUnit.MINUTES.toNanos(2));

    // then the writer has found out, with nothing acknowledged that was not adopted
    run.verify(found);
    assertThat(lateProof).isCompletedExceptionally();
    assertThat(run.wal.failure()).isCompleted();
    assertThat(run.wal.durableSequence()).isLessThanOrEqualTo(end);
    assertThat(run.scheduler.failures()).isEmpty();
    run.sent
        .values()
        .forEach(batches ->
            assertThat(batches).allMatch(batch -> batch.durable != (batch.ended != null)));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 17, 42})
  void aSeedReplaysBitForBit(long seed) {
    long[] hashes = new long[2];
    for (int i = 0; i < 2; i++) {
      Run run = new Run(seed);
      run.produce(30);
      run.fenced = true;
      run.recover(run.await(run.sealer(run.store(run.lossPercent), false)));
      hashes[i] = run.scheduler.traceHash();
    }
    assertThat(hashes[0]).isEqualTo(hashes[1]);
  }
}
