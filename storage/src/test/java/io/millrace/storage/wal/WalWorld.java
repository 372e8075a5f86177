package io.millrace.storage.wal;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.protocol.batch.BatchHeader;
import io.millrace.runtime.Disk.DiskFile;
import io.millrace.runtime.Disk.Mode;
import io.millrace.runtime.Environment;
import io.millrace.runtime.EventLoop;
import io.millrace.runtime.simulated.SimulatedCrash;
import io.millrace.runtime.simulated.SimulatedMachine;
import io.millrace.runtime.simulated.SimulatedScheduler;
import io.millrace.storage.Keys;
import io.millrace.storage.PartitionId;
import io.millrace.storage.WriterId;
import io.millrace.storage.cache.ChunkPool;
import io.millrace.storage.cache.LogCache;
import io.millrace.storage.metadata.ObjectInfo;
import io.millrace.storage.object.Footer;
import io.millrace.storage.object.Footer.PartitionFooter;
import io.millrace.storage.object.Footer.Run;
import io.millrace.storage.object.FooterCodec;
import io.millrace.storage.recovery.RecoveredLog;
import io.millrace.storage.recovery.WalRecovery;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One machine with a FileWal, life after life, and a model of what clients sent and were told. The
 * metadata is modelled as a few fields that are always durable; merged files are copied into the
 * model.
 */
public final class WalWorld {
  public static final int FILE_BYTES = 64 << 10;
  private static final long STEPS_MAX = 1_000_000;
  private static final Path DATA = Path.of("/data");

  public final SimulatedScheduler scheduler;
  public final SimulatedMachine machine;
  public final SplittableRandom random;
  public final WalFolder folder = new WalFolder(DATA.resolve("store"));
  public FileWalSettings settings =
      new FileWalSettings(
          FILE_BYTES, FILE_BYTES, 16 << 10, WalSync.ALWAYS, 1_000_000, 2_000_000, 8 << 10, 3);
  public long cacheBytes = 256 << 10;
  public int recyclePercent = 60;
  public boolean publicationsHeld;
  private final List<Runnable> heldPublications = new ArrayList<>();
  private final ArrayDeque<Runnable> publications = new ArrayDeque<>();

  // What the image would say.
  public @Nullable WriterId unrecovered;
  public long trim = -1;
  public long publishedCounter = -1;
  public long recoveredEnd = -1;
  public final List<ObjectInfo> listed = new ArrayList<>();
  private final Map<PartitionId, List<byte[]>> merged = new TreeMap<>();

  // What clients know.
  public final Map<PartitionId, List<TestBatch>> sent = new TreeMap<>();
  private long tags;

  // The present life.
  public Environment environment;
  public @Nullable FileWal wal;
  public SpareFiles spares;
  public final List<Long> sealed = new ArrayList<>();

  public WalWorld(long seed) {
    scheduler = new SimulatedScheduler(seed);
    machine = new SimulatedMachine(scheduler, "m");
    random = scheduler.fork();
    environment = machine.startProcess();
    try {
      spares = openSpares();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private SpareFiles openSpares() throws IOException {
    return SpareFiles.open(environment.disk(), DATA.resolve("spare"), 2, 2 * FILE_BYTES, 16 << 10);
  }

  public FileWal wal() {
    FileWal present = wal;
    if (present == null) {
      throw new IllegalStateException("no WAL is open");
    }
    return present;
  }

  /** A new FileWal in the present process. */
  public FileWal open() {
    WriterId writer = new WriterId(random.nextLong(), random.nextLong());
    unrecovered = writer;
    trim = -1;
    publishedCounter = -1;
    EventLoop meta = environment.threads().eventLoop("meta");
    wal =
        new FileWal(
            settings,
            writer,
            environment,
            folder,
            spares,
            new LogCache(new ChunkPool(64 << 10, cacheBytes)),
            files -> publish(meta, files.getFirst()));
    wal.start();
    return wal;
  }

  private CompletableFuture<Void> publish(EventLoop meta, SealedWalFile file) {
    CompletableFuture<Void> published = new CompletableFuture<>();
    sealed.add(Keys.number(file.object().key()));
    Runnable publication =
        () -> {
          assertThat(file.lastSequence()).isGreaterThan(trim);
          trim = file.lastSequence();
          publishedCounter = Keys.number(file.object().key());
          listed.add(file.object());
          published.complete(null);
          if (random.nextInt(100) < recyclePercent) {
            mergeOldest();
          }
        };
    if (publicationsHeld) {
      heldPublications.add(publication);
    } else {
      publications.addLast(publication);
      // In order, whichever timer comes first.
      meta.schedule(random.nextInt(3_000_000), () -> publications.removeFirst().run());
    }
    return published;
  }

  public void releasePublications() {
    publicationsHeld = false;
    heldPublications.forEach(Runnable::run);
    heldPublications.clear();
  }

  /** Unlists the oldest object and gives its file back. */
  public void mergeOldest() {
    ObjectInfo oldest = listed.removeFirst();
    try {
      byte[] bytes = machine.disk().mediumBytes(folder.storeFolder().resolve(oldest.key()));
      collect(merged, oldest, ByteBuffer.wrap(bytes));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    wal().release(oldest.key());
  }

  /** The process is gone, with or without the machine; the next one begins. */
  public void restart(boolean powerLoss) {
    if (powerLoss) {
      machine.losePower();
    } else {
      machine.crashProcess();
    }
    environment = machine.startProcess();
    publications.clear();
    wal = null;
  }

  /**
   * What every start does before a new FileWal: recovery of the last one. False if it crashed on
   * the way.
   */
  public boolean recover() throws IOException {
    try {
      WriterId ended = unrecovered;
      if (ended != null) {
        WalRecovery recovery = new WalRecovery(environment.disk(), folder);
        RecoveredLog log = recovery.recover(ended, trim, publishedCounter);
        listed.addAll(log.objects());
        recoveredEnd = log.endSequence();
        unrecovered = null;
        recovery.deleteLeftovers(
            ended, new TreeSet<>(listed.stream().map(ObjectInfo::key).toList()));
      }
      spares = openSpares();
      return true;
    } catch (SimulatedCrash crash) {
      return false;
    }
  }

  /** Hands one batch over; refused or ended counts as not sent. */
  public @Nullable TestBatch send(int partitionNumber, int valueBytes, boolean mayUseReserve) {
    PartitionId partition = TestBatch.partition(partitionNumber);
    List<TestBatch> before = sent.computeIfAbsent(partition, _ -> new ArrayList<>());
    long offset = before.isEmpty() ? 0 : before.getLast().endOffset();
    ByteBuffer bytes = TestBatch.bytes(offset, 1 + random.nextInt(3), valueBytes, tags++);
    TestBatch batch = new TestBatch(partition, bytes, mayUseReserve, () -> {});
    try {
      wal().append(batch);
    } catch (WalEndedException | WalFullException notTaken) {
      return null;
    }
    before.add(batch);
    return batch;
  }

  /** Clients at work: bursts to three partitions, with pauses. */
  public void produce(int bursts) {
    for (int burst = 0; burst < bursts && machine.running(); burst++) {
      for (int i = random.nextInt(6); i >= 0; i--) {
        send(random.nextInt(3), 200 + random.nextInt(1500), false);
      }
      scheduler.runFor(
          random.nextInt(4) == 0 ? random.nextInt(8_000_000) : random.nextInt(400_000));
    }
  }

  public void settle() {
    scheduler.runFor(TimeUnit.SECONDS.toNanos(5));
  }

  public <T> T await(CompletableFuture<T> future) {
    assertThat(scheduler.runUntil(future::isDone, STEPS_MAX)).isTrue();
    return future.join();
  }

  /**
   * Everything acknowledged is in the objects, in order, as sent; what was not recovered is
   * forgotten by the model.
   */
  public void verifyRecovered() throws IOException {
    assertThat(scheduler.failures()).isEmpty();
    Map<PartitionId, List<byte[]>> found = found();
    for (Map.Entry<PartitionId, List<TestBatch>> each : sent.entrySet()) {
      List<TestBatch> expected = each.getValue();
      List<byte[]> actual = found.getOrDefault(each.getKey(), List.of());
      long acknowledged = expected.stream().filter(batch -> batch.durable).count();
      assertThat(actual.size())
          .as("batches of %s", each.getKey())
          .isBetween((int) acknowledged, expected.size());
      for (int i = 0; i < actual.size(); i++) {
        assertThat(actual.get(i))
            .as("batch %d of %s", i, each.getKey())
            .isEqualTo(expected.get(i).array());
      }
      assertThat(expected.subList(0, (int) acknowledged))
          .as("acknowledged in order")
          .allMatch(batch -> batch.durable);
      expected.subList(actual.size(), expected.size()).clear();
      // What was adopted is now as good as acknowledged: the next life must keep it too.
      expected.forEach(batch -> batch.durable = true);
    }
  }

  /** What the objects hold of a partition. */
  public List<byte[]> found(PartitionId partition) throws IOException {
    return found().getOrDefault(partition, List.of());
  }

  private Map<PartitionId, List<byte[]>> found() throws IOException {
    Map<PartitionId, List<byte[]>> found = new TreeMap<>();
    merged.forEach((partition, batches) -> found.put(partition, new ArrayList<>(batches)));
    for (ObjectInfo object : listed) {
      collect(found, object, read(object.key()));
    }
    return found;
  }

  private ByteBuffer read(String key) throws IOException {
    try (DiskFile file = environment.disk().open(folder.storeFolder().resolve(key), Mode.READ)) {
      ByteBuffer bytes = ByteBuffer.allocate((int) file.size());
      file.read(bytes, 0);
      return bytes.flip();
    }
  }

  /** Adds an object's batches to those of their partitions. */
  public static void collect(
      Map<PartitionId, List<byte[]>> into, ObjectInfo object, ByteBuffer file) {
    ByteBuffer footerBytes = file.slice((int) object.footerPosition(), object.footerBytes());
    Footer footer = FooterCodec.decode(object.key(), footerBytes);
    for (PartitionFooter partition : footer.partitions()) {
      List<byte[]> batches = into.computeIfAbsent(partition.partition(), _ -> new ArrayList<>());
      for (Run run : partition.runs()) {
        int at = (int) run.position();
        while (at < run.position() + run.bytes()) {
          int size = BatchHeader.sizeBytes(file, at);
          batches.add(TestBatch.copy(file, at, size));
          at += size;
        }
      }
    }
  }
}
