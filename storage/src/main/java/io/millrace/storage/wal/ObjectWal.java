package io.millrace.storage.wal;

import io.millrace.objectstore.ObjectStore;
import io.millrace.runtime.Clock;
import io.millrace.runtime.Environment;
import io.millrace.runtime.EventLoop;
import io.millrace.runtime.EventLoop.Cancellable;
import io.millrace.storage.Backoff;
import io.millrace.storage.Keys;
import io.millrace.storage.StoreCalls;
import io.millrace.storage.WriterId;
import io.millrace.storage.cache.LogCache;
import io.millrace.storage.object.StoreReads;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The WAL as objects of a shared store, one per entry: several puts in flight, acknowledged
 * strictly in order. Everything but {@link #append} happens on its own loop. A seal, or anything
 * else it did not write, under a number of its own ends it (invariants I4, I11).
 */
public final class ObjectWal implements Wal {
  /**
   * Part of the stored format: a number is first attempted only when the one this many before it is
   * stored, so whoever seals knows how far ahead of the first gap entries may lie.
   */
  public static final int PUTS_IN_FLIGHT_MAX = 8;

  private static final Logger LOG = LoggerFactory.getLogger(ObjectWal.class);
  private static final int POOL_TASKS_WAITING_MAX = 16;

  private final ObjectWalSettings settings;
  private final WriterId writer;
  private final Clock clock;
  private final LogCache cache;
  private final WalLoop loop;
  private final StoreCalls calls;
  private final StoreReads reads;
  private final WalAdmission admission =
      new WalAdmission(WalEntryCodec.HEADER_BYTES + WalEntryCodec.INDEX_BYTES);
  private final WalIntake intake;
  private final PutPace pace;
  private final ObjectEntries entries;
  private final EntryPuts puts;
  private final FenceProof proof;
  private final EntryPublication publication;
  private final WalCounters counters = new WalCounters();

  // Any thread.
  private final CompletableFuture<Throwable> failure = new CompletableFuture<>();
  private volatile long durableSequence = -1;

  // The loop.
  private final CompletableFuture<Void> stopped = new CompletableFuture<>();
  private @Nullable Cancellable timer;
  private boolean stopPublishes;

  /** {@code publisher} makes stored entries level 0. */
  public ObjectWal(
      ObjectWalSettings settings,
      WriterId writer,
      Environment environment,
      ObjectStore store,
      LogCache cache,
      WalFileListener publisher) {
    this.settings = settings;
    this.writer = writer;
    this.clock = environment.clock();
    this.cache = cache;
    EventLoop events = environment.threads().eventLoop("wal");
    this.loop = new WalLoop(events, this::onBug);
    this.calls = new StoreCalls(store, events, environment.randomness());
    this.reads = new StoreReads(store);
    this.intake =
        new WalIntake(
            events,
            environment.threads().pool("wal-ended", 1, POOL_TASKS_WAITING_MAX),
            counters,
            admission,
            () -> loop.run(this::flush));
    this.pace = new PutPace(settings, clock.monotonicNs());
    this.entries = new ObjectEntries(writer, cache);
    this.puts =
        new EntryPuts(
            writer,
            store,
            calls,
            loop,
            clock,
            environment.randomness(),
            settings.hedgeDelayNs(),
            counters,
            new PutsListener());
    this.proof =
        new FenceProof(
            store,
            writer,
            loop,
            () -> new Backoff(environment.randomness()),
            entries::nextSequence,
            this::end);
    this.publication =
        new EntryPublication(settings, publisher, loop, this::updateRoom, this::onPublishFailed);
    updateRoom();
  }

  @Override
  public void append(WalBatch batch) {
    intake.append(batch);
  }

  @Override
  public boolean hasReserve() {
    return admission.hasReserve();
  }

  /** Puts what is due, and sets the timer for what is due later. */
  private void flush() {
    long nowNs = clock.monotonicNs();
    WalIntake.Arrived arrived = intake.takeArrived();
    pace.onArrival(nowNs, arrived.batches(), arrived.bytes());
    if (intake.stopping()) {
      pace.onStop();
    }
    while (puts.mayBegin() && pace.dueNs(nowNs, puts.isEmpty()) <= nowNs) {
      put(nowNs);
    }
    setTimer(nowNs);
    if (intake.stopping() && intake.waiting().isEmpty() && puts.isEmpty()) {
      finishStop();
    }
  }

  private void put(long nowNs) {
    List<WalBatch> batches =
        intake.waiting().take((n, bytes, _) -> n == 1 || bytes <= settings.entryBytesMax());
    intake.onBegun(batches);
    pace.onPut(nowNs, batches.size(), ObjectEntries.payloadBytes(batches));
    ObjectEntry entry = entries.assemble(batches, durableSequence);
    counters.onWrite(batches.size(), entry.object().sizeBytes(), clock.monotonicNs() - nowNs);
    puts.begin(entry);
  }

  private void setTimer(long nowNs) {
    cancelTimer();
    long dueNs = puts.mayBegin() ? pace.dueNs(nowNs, puts.isEmpty()) : PutPace.NEVER;
    if (dueNs != PutPace.NEVER) {
      timer = loop.schedule(dueNs - nowNs, this::flush);
    }
  }

  private void cancelTimer() {
    Cancellable set = timer;
    timer = null;
    if (set != null) {
      set.cancel();
    }
  }

  private void acknowledge(ObjectEntry entry) {
    durableSequence = entry.sequence();
    int offset = WalEntryCodec.payloadPosition(entry.batches());
    for (int i = 0; i < entry.batches(); i++) {
      WalBatch batch = Objects.requireNonNull(intake.nextDurable());
      int size = batch.bytes().remaining();
      batch.onDurable(entry.held().chunk(), entry.position() + offset, entry.sequence(), offset);
      offset += size;
    }
    entry.held().release();
    entries.releaseIfEvicted();
    proof.onStored(entry.sequence());
    publication.add(entry);
    updateRoom();
  }

  private void updateRoom() {
    long allBytes = settings.queuedBytesMax() + settings.reserveBytes();
    if (publication.unpublished() >= settings.unpublishedEntriesMax()) {
      admission.limit(
          allBytes,
          allBytes,
          publication.unpublished() + " write-ahead log entries wait to be published");
    } else {
      admission.limit(
          allBytes,
          settings.reserveBytes(),
          settings.queuedBytesMax() + " bytes wait to be stored by the write-ahead log");
    }
  }

  private final class PutsListener implements EntryPuts.Listener {
    @Override
    public void onStored(ObjectEntry entry) {
      acknowledge(entry);
    }

    @Override
    public void onAnswered() {
      flush();
    }

    @Override
    public void onOver(WalEndedException cause) {
      end(cause);
    }
  }

  private void onPublishFailed(Throwable cause) {
    end(
        new WalEndedException(
            "write-ahead log entries cannot be published: " + cause.getMessage(), cause));
  }

  /** Publishes all that is acknowledged by now. */
  @Override
  public CompletableFuture<Void> roll() {
    CompletableFuture<Void> result = new CompletableFuture<>();
    loop.execute(
        () -> publication.publish().whenComplete((_, failed) -> settle(result, failed)),
        () -> result.completeExceptionally(intake.over()));
    return result;
  }

  private static void settle(CompletableFuture<Void> future, @Nullable Throwable failed) {
    if (failed == null) {
      future.complete(null);
    } else {
      future.completeExceptionally(failed);
    }
  }

  @Override
  public CompletableFuture<Void> proof() {
    return proof.ask();
  }

  /**
   * {@code bytes} bytes from {@code position} of the entry with this number, whose batches are
   * acknowledged. Fails if the store has not got it (it was published, merged and collected: the
   * image leads to its batches) or gives no answer. Any thread.
   */
  public CompletableFuture<ByteBuffer> read(long sequence, long position, int bytes) {
    return intake.ended() == null
        ? reads.read(Keys.wal(writer, sequence), position, bytes)
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

  @Override
  public CompletableFuture<Void> stop() {
    intake.stop();
    intake.requestFlush();
    return stopped;
  }

  private void finishStop() {
    if (!stopPublishes) {
      stopPublishes = true;
      publication.publish().whenComplete((_, _) -> loop.execute(this::finishClosed));
    }
  }

  private void finishClosed() {
    if (intake.end(new WalEndedException("the write-ahead log is closed", null))) {
      finish();
      stopped.complete(null);
    }
  }

  private void onBug(Throwable cause) {
    end(new WalEndedException("the write-ahead log has failed: " + cause.getMessage(), cause));
  }

  /** On the loop: nothing is put or acknowledged from now on. */
  private void end(WalEndedException over) {
    if (intake.end(over)) {
      LOG.error(over.getMessage(), over.getCause());
      failure.complete(over); // first, so that clients are cut off before anybody could answer them
      finish();
      stopped.completeExceptionally(over);
    }
  }

  private void finish() {
    loop.end();
    calls.close();
    cancelTimer();
    intake.failAll();
    proof.end(intake.over());
    puts.release();
    entries.release();
    cache.close();
  }

  @Override
  public void close() {
    loop.execute(this::finishClosed);
  }
}
