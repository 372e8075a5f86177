package io.millrace.storage.wal;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.runtime.Environment;
import io.millrace.runtime.EventLoop;
import io.millrace.runtime.simulated.SimulatedMachine;
import io.millrace.runtime.simulated.SimulatedScheduler;
import io.millrace.storage.Keys;
import io.millrace.storage.PartitionId;
import io.millrace.storage.WriterId;
import io.millrace.storage.cache.ChunkPool;
import io.millrace.storage.cache.LogCache;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import io.millrace.storage.metadata.MetadataImage.IncarnationState;
import io.millrace.storage.metadata.ObjectInfo;
import io.millrace.storage.recovery.ObjectLogRecovery;
import io.millrace.storage.recovery.ObjectSeal;
import io.millrace.storage.recovery.RecoveredLog;
import io.millrace.storage.wal.WalEntryCodec.Decoded;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One incarnation with an ObjectWal on a store that the test holds, and another that seals it. */
public final class ObjectWalWorld {
  public static final WriterId WRITER = new WriterId(0x0123456789abcdefL, 0xfedcba9876543210L);
  public static final long BUDGET_NS = TimeUnit.MILLISECONDS.toNanos(100);
  public static final long HEDGE_NS = TimeUnit.MILLISECONDS.toNanos(700);
  private static final long STEPS_MAX = 200_000;

  public final SimulatedScheduler scheduler;
  public final Environment environment;
  public final HeldStore store;
  private final SimulatedMachine machine;
  private final Environment other;

  public ObjectWalSettings settings =
      new ObjectWalSettings(
          BUDGET_NS,
          2,
          16 << 10,
          256 << 10,
          32 << 10,
          HEDGE_NS,
          1000,
          1 << 30,
          TimeUnit.MINUTES.toNanos(10),
          1000);
  public long cacheBytes = 256 << 10;
  public final List<List<SealedWalFile>> published = new ArrayList<>();
  public final List<CompletableFuture<Void>> publications = new ArrayList<>();
  public boolean publicationsHeld;
  public final List<TestBatch> fates = new ArrayList<>();
  private final Map<Integer, Long> nextOffsets = new HashMap<>();
  private long tags;
  private @Nullable ObjectWal wal;

  public ObjectWalWorld(long seed) {
    scheduler = new SimulatedScheduler(seed);
    machine = new SimulatedMachine(scheduler, "writer");
    environment = machine.startProcess();
    other = new SimulatedMachine(scheduler, "other").startProcess();
    EventLoop loop = other.threads().eventLoop("store");
    store = new HeldStore(task -> loop.schedule(TimeUnit.MILLISECONDS.toNanos(10), task));
  }

  public ObjectWal open() {
    ObjectWal opened =
        new ObjectWal(
            settings,
            WRITER,
            environment,
            store,
            new LogCache(new ChunkPool(64 << 10, cacheBytes)),
            this::publish);
    wal = opened;
    return opened;
  }

  /** Calls to the store wait for the test. */
  void openHeld() {
    open();
    store.held = true;
  }

  /** Hands over as many batches as entries, each begun before the next comes. */
  List<TestBatch> beginEntries(int count) {
    List<TestBatch> batches = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      batches.add(send(0, 17_000));
      step();
    }
    return batches;
  }

  Throwable failure() {
    assertThat(wal().failure()).isCompleted();
    return wal().failure().join();
  }

  List<HeldStore.Call<?>> putsOf(long sequence) {
    List<HeldStore.Call<?>> calls = new ArrayList<>();
    store.puts.stream().filter(put -> put.key.equals(key(sequence))).forEach(calls::add);
    return calls;
  }

  public ObjectWal wal() {
    return Objects.requireNonNull(wal);
  }

  private CompletableFuture<Void> publish(List<SealedWalFile> entries) {
    published.add(entries);
    CompletableFuture<Void> publication = new CompletableFuture<>();
    if (publicationsHeld) {
      publications.add(publication);
    } else {
      publication.complete(null);
    }
    return publication;
  }

  /** The next batch of a partition. */
  public TestBatch send(int partition, int valueBytes) {
    return send(partition, valueBytes, false);
  }

  public TestBatch send(int partition, int valueBytes, boolean mayUseReserve) {
    long offset = nextOffsets.getOrDefault(partition, 0L);
    TestBatch[] self = new TestBatch[1];
    TestBatch batch =
        new TestBatch(
            TestBatch.partition(partition),
            TestBatch.bytes(offset, 1, valueBytes, tags++),
            mayUseReserve,
            () -> fates.add(self[0]));
    self[0] = batch;
    wal().append(batch);
    nextOffsets.put(partition, batch.endOffset());
    return batch;
  }

  /** A moment in which everything that can happen at once does. */
  public void step() {
    scheduler.runFor(TimeUnit.MILLISECONDS.toNanos(20));
    assertThat(scheduler.failures()).isEmpty();
  }

  public void settle() {
    scheduler.runFor(TimeUnit.SECONDS.toNanos(30));
    assertThat(scheduler.failures()).isEmpty();
  }

  public boolean runUntil(java.util.function.BooleanSupplier condition) {
    return scheduler.runUntil(condition, STEPS_MAX);
  }

  public <T> T await(CompletableFuture<T> future) {
    assertThat(runUntil(future::isDone)).isTrue();
    assertThat(scheduler.failures()).isEmpty();
    return future.join();
  }

  public String key(long sequence) {
    return Keys.wal(WRITER, sequence);
  }

  /** The entry stored under a number. */
  public WalEntry entry(long sequence) {
    byte[] bytes = store.bytes(key(sequence));
    return ((Decoded.Whole) WalEntryCodec.decode(ByteBuffer.wrap(bytes), 0, bytes.length, WRITER))
        .entry();
  }

  public long trim() {
    return published.isEmpty() ? -1 : published.getLast().getLast().lastSequence();
  }

  public void kill() {
    machine.crashProcess();
  }

  public CompletableFuture<Long> seal() {
    return new ObjectSeal(store, other.threads().eventLoop("seal"), other.randomness())
        .seal(WRITER, trim());
  }

  public CompletableFuture<RecoveredLog> recover(long end) {
    return new ObjectLogRecovery(store, other.threads().eventLoop("recover"), other.randomness())
        .recover(incarnation(trim()), end);
  }

  /** As the image shows it when it is fenced. */
  public static Incarnation incarnation(long trim) {
    return new Incarnation(
        WRITER,
        1,
        1,
        IncarnationState.FENCED,
        List.of(),
        Optional.empty(),
        "",
        trim,
        -1,
        trim,
        0,
        List.of(),
        0);
  }

  /** What published and recovered objects hold of a partition. */
  public List<byte[]> found(PartitionId partition, List<ObjectInfo> recovered) {
    Map<PartitionId, List<byte[]>> found = new TreeMap<>();
    List<ObjectInfo> objects = new ArrayList<>();
    published.forEach(entries -> entries.forEach(entry -> objects.add(entry.object())));
    objects.addAll(recovered);
    objects.forEach(
        object -> WalWorld.collect(found, object, ByteBuffer.wrap(store.bytes(object.key()))));
    return found.getOrDefault(partition, List.of());
  }
}
