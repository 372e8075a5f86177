package io.millrace.storage.wal;

import io.millrace.runtime.Clock;
import io.millrace.runtime.Environment;
import io.millrace.runtime.EventLoop;
import io.millrace.storage.WriterId;
import io.millrace.storage.cache.LogCache;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The WAL as files of a directory store: one write and one sync for all batches that came during
 * the last sync. Everything but {@link #append} happens on its own loop. A failed write or sync
 * ends it, and nothing is written afterwards (invariant I11).
 */
public final class FileWal implements Wal {
  private static final Logger LOG = LoggerFactory.getLogger(FileWal.class);
  private static final int READ_THREADS = 2;
  private static final int READS_WAITING_MAX = 1024;
  private static final double SPARE_BEGUN_AT = 0.125;
  private static final int FILE_TASKS_WAITING_MAX = 1024;

  private final FileWalSettings settings;
  private final Clock clock;
  private final SpareFiles spares;
  private final LogCache cache;
  private final WalFileListener listener;
  private final EventLoop loop;
  private final Executor filePool;
  private final WalFileReader reader;
  private final EntryWriter entries;
  private final SpareMaker maker;
  private final WalFileRecycler recycler;
  private final WalCounters counters = new WalCounters();

  private final WalAdmission admission = new WalAdmission(WalEntryCodec.ALIGNMENT);
  private final WalIntake intake;

  // Any thread.
  private final CompletableFuture<Throwable> failure = new CompletableFuture<>();
  private volatile long durableSequence = -1;

  // The loop.
  private final EntryPlanner planner;
  private final CompletableFuture<Void> stopped = new CompletableFuture<>();
  private CompletableFuture<Void> lastPublication = CompletableFuture.completedFuture(null);
  private int unpublishedFiles;
  private boolean timerSet;
  private boolean unsynced;
  private boolean stopSealed;
  private boolean lastIsMark = true;

  /**
   * Nothing is written before the first batch; {@link #start} makes the first file ready for it.
   */
  public FileWal(
      FileWalSettings settings,
      WriterId writer,
      Environment environment,
      WalFolder folder,
      SpareFiles spares,
      LogCache cache,
      WalFileListener listener) {
    this.settings = settings;
    this.clock = environment.clock();
    this.spares = spares;
    this.cache = cache;
    this.listener = listener;
    this.loop = environment.threads().eventLoop("wal");
    this.filePool = environment.threads().pool("wal-files", 1, FILE_TASKS_WAITING_MAX);
    this.reader =
        new WalFileReader(environment.threads().pool("wal-read", READ_THREADS, READS_WAITING_MAX));
    this.entries = new EntryWriter(environment.disk(), writer, folder, spares, cache, reader);
    this.maker = new SpareMaker(spares, loop, filePool, this::onSpareChange, this::usedShare);
    this.recycler =
        new WalFileRecycler(
            writer, folder, spares, reader, filePool, () -> inLoop(this::onSpareChange));
    this.intake = new WalIntake(loop, filePool, counters, admission, this::flush);
    this.planner = new EntryPlanner(settings, intake.waiting(), entries, spares, maker, this::seal);
  }

  /** Begins to make the first file. */
  public void start() {
    switch (settings.sync()) {
      case ALWAYS -> LOG.info("every write is synced before it is acknowledged");
      case INTERVAL ->
          LOG.warn(
              "wal.sync=interval: a power loss takes the acknowledged records of the last {} ms",
              settings.syncIntervalNs() / 1_000_000);
      case NEVER -> LOG.warn("wal.sync=never: a power loss takes acknowledged records");
    }
    loop.execute(() -> maker.want(settings.fileBytes(0), true));
  }

  @Override
  public void append(WalBatch batch) {
    intake.append(batch);
  }

  @Override
  public boolean hasReserve() {
    return admission.hasReserve();
  }

  private void flush() {
    intake.takeArrived();
    try {
      if (writeEntry() && !intake.waiting().isEmpty()) {
        intake.requestFlush();
      }
      afterWrite();
    } catch (IOException | RuntimeException | VirtualMachineError e) {
      end("a write-ahead log write failed: " + e.getMessage(), e);
    }
  }

  /** One group commit; false if nothing could be written. */
  private boolean writeEntry() throws IOException {
    List<WalBatch> batches = planner.next();
    if (batches.isEmpty()) {
      return false;
    }
    intake.onBegun(batches);
    EntryWriter.Written written = write(batches);
    lastIsMark = false;
    if (settings.sync() == WalSync.ALWAYS) {
      sync();
    }
    acknowledge(written);
    return true;
  }

  private EntryWriter.Written write(List<WalBatch> batches) throws IOException {
    long startNs = clock.monotonicNs();
    EntryWriter.Written written = entries.write(batches);
    counters.onWrite(batches.size(), written.bytes(), clock.monotonicNs() - startNs);
    unsynced = true;
    return written;
  }

  private void sync() throws IOException {
    long startNs = clock.monotonicNs();
    entries.sync();
    counters.onSync(clock.monotonicNs() - startNs);
    unsynced = false;
    durableSequence = entries.syncedSequence();
  }

  private void acknowledge(EntryWriter.Written written) {
    int offset = WalEntryCodec.payloadPosition(intake.unacknowledged());
    WalBatch batch;
    while ((batch = intake.nextDurable()) != null) {
      int size = batch.bytes().remaining();
      batch.onDurable(
          written.chunk(),
          written.chunkPosition() + offset,
          written.fileCounter(),
          written.filePosition() + offset);
      offset += size;
    }
    entries.releaseIfEvicted();
  }

  private void seal() throws IOException {
    if (entries.file() == null) {
      return;
    }
    SealedWalFile sealed = entries.seal();
    unsynced = false;
    durableSequence = entries.syncedSequence();
    unpublishedFiles++;
    lastPublication = listener.onFilesSealed(List.of(sealed));
    lastPublication.whenComplete((_, failed) -> inLoop(() -> onPublished(failed)));
  }

  private void onPublished(@Nullable Throwable failed) {
    unpublishedFiles--;
    if (failed != null) {
      end("a write-ahead log file cannot be published: " + failed.getMessage(), failed);
    }
    updateRoom();
  }

  private double usedShare() {
    WalFile file = entries.file();
    return file == null ? 0 : (double) file.position() / file.sizeBytes();
  }

  private void afterWrite() throws IOException {
    if (usedShare() >= SPARE_BEGUN_AT) {
      maker.want(settings.fileBytes(entries.nextCounter()), false);
    }
    updateRoom();
    if (!timerSet && (unsynced || !lastIsMark)) {
      setTimer();
    }
    if (intake.stopping() && intake.waiting().isEmpty()) {
      finishStop();
    }
  }

  private void onSpareChange() {
    updateRoom();
    if (intake.stopping() && maker.failure() != null && !intake.waiting().isEmpty()) {
      end("no room for the last write-ahead log entries", maker.failure());
    } else {
      intake.requestFlush();
    }
  }

  private void updateRoom() {
    IOException noSpare = maker.failure();
    if (noSpare != null && spares.count() == 0) {
      WalFile file = entries.file();
      String reason = "the write-ahead log cannot grow: " + noSpare.getMessage();
      admission.limit(file == null ? 0 : file.roomBytes(), settings.reserveBytes(), reason);
    } else if (unpublishedFiles > settings.unpublishedFilesMax()) {
      admission.reservedOnly(unpublishedFiles + " write-ahead log files wait to be published");
    } else {
      admission.plenty();
    }
  }

  /**
   * Syncs what wal.sync=interval left, and marks the end of a log that has gone idle as durable.
   */
  private void setTimer() {
    boolean interval = settings.sync() == WalSync.INTERVAL && unsynced;
    if (!interval && settings.sync() == WalSync.NEVER) {
      return;
    }
    timerSet = true;
    long sequence = entries.writtenSequence();
    loop.schedule(
        interval ? settings.syncIntervalNs() : settings.idleMarkDelayNs(), () -> onTimer(sequence));
  }

  private void onTimer(long sequence) {
    timerSet = false;
    if (intake.ended() != null) {
      return;
    }
    try {
      if (settings.sync() == WalSync.INTERVAL && unsynced) {
        sync();
      } else if (sequence == entries.writtenSequence()) {
        mark();
      }
      afterWrite();
    } catch (IOException | RuntimeException | VirtualMachineError e) {
      end("a write-ahead log write failed: " + e.getMessage(), e);
    }
  }

  private void mark() throws IOException {
    WalFile file = entries.file();
    lastIsMark = true;
    if (file != null && file.fits(0, 0, settings.reserveBytes())) {
      write(List.of());
      sync();
      entries.releaseIfEvicted();
    }
  }

  @Override
  public CompletableFuture<Void> roll() {
    CompletableFuture<Void> result = new CompletableFuture<>();
    try {
      loop.execute(() -> rollInLoop(result));
    } catch (RejectedExecutionException closed) {
      result.completeExceptionally(intake.over());
    }
    return result;
  }

  private void rollInLoop(CompletableFuture<Void> result) {
    try {
      if (intake.ended() != null) {
        throw intake.over();
      }
      seal();
      updateRoom();
      lastPublication.whenComplete((_, failed) -> {
        if (failed == null) {
          result.complete(null);
        } else {
          result.completeExceptionally(failed);
        }
      });
    } catch (IOException | RuntimeException | VirtualMachineError e) {
      end("a write-ahead log write failed: " + e.getMessage(), e);
      result.completeExceptionally(e);
    }
  }

  /** The lock on the data folder is the proof: nobody else can have fenced this incarnation. */
  @Override
  public CompletableFuture<Void> proof() {
    return intake.ended() == null
        ? CompletableFuture.completedFuture(null)
        : CompletableFuture.failedFuture(intake.over());
  }

  @Override
  public long durableSequence() {
    return durableSequence;
  }

  @Override
  public CompletableFuture<Throwable> failure() {
    return failure;
  }

  public WalCounters counters() {
    return counters;
  }

  /** Reads this incarnation's files, published or not. */
  public WalFileReader reader() {
    return reader;
  }

  /**
   * Gives back a WAL file of any incarnation: it is unlisted, durably, and no reader of published
   * objects holds it. Reads through {@link #reader} finish first. Any thread.
   */
  public void release(String key) {
    recycler.release(key);
  }

  @Override
  public CompletableFuture<Void> stop() {
    intake.stop();
    intake.requestFlush();
    return stopped;
  }

  private void finishStop() throws IOException {
    if (stopSealed) {
      return;
    }
    stopSealed = true;
    seal();
    lastPublication.whenComplete((_, _) ->
        inLoop(() -> finish(new WalEndedException("the write-ahead log is closed", null))));
  }

  /** On the loop: nothing is written or acknowledged from now on. */
  private void end(String message, @Nullable Throwable cause) {
    WalEndedException over = new WalEndedException(message, cause);
    if (finish(over)) {
      LOG.error(message, cause);
      failure.complete(over);
    }
  }

  private boolean finish(WalEndedException over) {
    if (!intake.end(over)) {
      return false;
    }
    reader.end(over);
    maker.close();
    intake.failAll();
    entries.releaseChunk();
    cache.close();
    for (WalFile file : reader.files()) {
      file.release(() -> closeQuietly(file));
    }
    if (over.getCause() == null) {
      stopped.complete(null);
    } else {
      stopped.completeExceptionally(over);
    }
    loop.close();
    return true;
  }

  private static void closeQuietly(WalFile file) {
    try {
      file.close();
    } catch (IOException e) {
      LOG.warn("cannot close WAL file {}", file.path(), e);
    }
  }

  private void inLoop(Runnable task) {
    try {
      loop.execute(task);
    } catch (RejectedExecutionException closed) {
      // The WAL has ended; nothing is left to do.
      return;
    }
  }

  @Override
  public void close() {
    inLoop(() -> finish(new WalEndedException("the write-ahead log is closed", null)));
  }
}
