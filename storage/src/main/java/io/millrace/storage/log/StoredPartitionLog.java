package io.millrace.storage.log;

import io.millrace.protocol.batch.BatchHeader;
import io.millrace.protocol.batch.BatchRewriter;
import io.millrace.runtime.Clock;
import io.millrace.storage.PartitionId;
import io.millrace.storage.cache.Chunk;
import io.millrace.storage.log.ProducerStates.Verdict;
import io.millrace.storage.log.TailIndex.Ref;
import io.millrace.storage.object.Footer.AbortedTransaction;
import io.millrace.storage.object.Footer.BatchSequence;
import io.millrace.storage.object.ObjectCatalog.Span;
import io.millrace.storage.wal.Wal;
import io.millrace.storage.wal.WalEndedException;
import io.millrace.storage.wal.WalFullException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.KafkaStorageException;
import org.apache.kafka.common.errors.OffsetOutOfRangeException;
import org.jspecify.annotations.Nullable;

/**
 * A partition over the WAL and published objects. Appends are ordered by one critical section:
 * producer check, offset, hand-off to the WAL. The high watermark is the end of what the WAL called
 * durable, raised in WAL order on its loop. A batch is never answered as not written once the WAL
 * has it: if the WAL ends, recovery decides.
 */
final class StoredPartitionLog implements PartitionLog {
  private final PartitionId id;
  private final int leaderEpoch;
  private final EpochHistory epochs;
  private final Wal wal;
  private final LogReader reader;
  private final TimeSearch timeSearch;
  private final Clock clock;
  private final TailIndex tail = new TailIndex();
  private final AbortedTail aborted;
  private final ChangeListeners listeners = new ChangeListeners();

  private final Object criticalSection = new Object();
  private final ProducerStates producers;
  private final DurabilityWaits durabilityWaits = new DurabilityWaits();
  private volatile long nextOffset;
  private volatile @Nullable ApiException closed;

  private volatile long highWatermark;
  private volatile long logStart;

  /** What a partition is at its opening. */
  record Opened(
      PartitionId id,
      int leaderEpoch,
      long logStart,
      long end,
      EpochHistory epochs,
      ProducerStates producers) {}

  StoredPartitionLog(Opened opened, History history, Wal wal, TailReader tailReader, Clock clock) {
    this.id = opened.id();
    this.leaderEpoch = opened.leaderEpoch();
    this.epochs = opened.epochs();
    this.producers = opened.producers();
    this.nextOffset = opened.end();
    this.highWatermark = opened.end();
    this.logStart = opened.logStart();
    this.wal = wal;
    this.aborted = new AbortedTail(opened.end());
    this.reader = new LogReader(id.toString(), tail, tailReader, history, aborted);
    this.timeSearch = new TimeSearch(history, tail, tailReader);
    this.clock = clock;
  }

  @Override
  public CompletableFuture<Appended> append(
      ByteBuffer batch, long appendTimeMs, Origin origin, VerificationGuard guard) {
    if (batch.limit() < BatchHeader.HEADER_BYTES
        || BatchHeader.sizeBytes(batch, 0) != batch.limit()) {
      throw new IllegalArgumentException("not exactly one batch");
    }
    if (appendTimeMs >= 0) {
      BatchRewriter.stampAppendTime(batch, 0, batch.limit(), appendTimeMs);
    }
    synchronized (criticalSection) {
      ApiException reason = closed;
      if (reason != null) {
        return CompletableFuture.failedFuture(reason);
      }
      return switch (producers.check(batch, origin, guard)) {
        case Verdict.Accept _ -> appendAccepted(batch, appendTimeMs, origin);
        case Verdict.Duplicate(BatchSequence first) -> whenDurable(first);
        // a later leader may have accepted what this one does not know
        case Verdict.Refused(ApiException refusal) ->
            origin == Origin.COORDINATOR
                ? CompletableFuture.failedFuture(refusal)
                : failWithProof(refusal);
      };
    }
  }

  private CompletableFuture<Appended> appendAccepted(
      ByteBuffer batch, long appendTimeMs, Origin origin) {
    PendingAppend pending =
        new PendingAppend(this, batch, appendTimeMs, origin == Origin.COORDINATOR);
    try {
      handOver(pending);
    } catch (WalFullException e) {
      producers.notTaken(batch, clock.monotonicNs());
      return CompletableFuture.failedFuture(new KafkaStorageException(e.getMessage(), e));
    } catch (WalEndedException e) {
      return ended(e);
    }
    producers.accept(batch, clock.monotonicNs());
    return pending.future();
  }

  @Override
  public CompletableFuture<Appended> appendMarker(TransactionMarker marker) {
    long timestampMs = clock.wallMs();
    ByteBuffer batch = MarkerBatch.of(marker, timestampMs);
    synchronized (criticalSection) {
      ApiException reason = closed;
      if (reason != null) {
        return CompletableFuture.failedFuture(reason);
      }
      ApiException refusal = producers.refusal(marker);
      if (refusal != null) {
        return failWithProof(refusal);
      }
      PendingAppend pending = new PendingAppend(this, batch, -1, true);
      try {
        handOver(pending);
      } catch (WalFullException e) {
        return CompletableFuture.failedFuture(new KafkaStorageException(e.getMessage(), e));
      } catch (WalEndedException e) {
        return ended(e);
      }
      producers.accept(marker, BatchHeader.baseOffset(batch, 0), timestampMs, clock.monotonicNs());
      return pending.future();
    }
  }

  /** In the critical section. */
  private void handOver(PendingAppend pending) {
    BatchHeader.assign(pending.bytes(), 0, nextOffset, leaderEpoch);
    wal.append(pending);
    nextOffset = BatchHeader.lastOffset(pending.bytes(), 0) + 1;
  }

  private CompletableFuture<Appended> ended(WalEndedException cause) {
    ApiException failure = WalFailures.over(cause);
    closed = failure;
    return CompletableFuture.failedFuture(failure);
  }

  @Override
  public boolean hasOpenTransaction(long producerId, short producerEpoch) {
    synchronized (criticalSection) {
      return producers.hasOpenTransaction(producerId, producerEpoch);
    }
  }

  @Override
  public VerificationGuard beginVerification(
      long producerId, short producerEpoch, int firstSequence, boolean epochBumps) {
    synchronized (criticalSection) {
      return producers.beginVerification(
          producerId, producerEpoch, firstSequence, epochBumps, clock.monotonicNs());
    }
  }

  @Override
  public Optional<ApiException> transactionalRefusal(
      long producerId, short producerEpoch, VerificationGuard guard) {
    synchronized (criticalSection) {
      return Optional.ofNullable(
          closed != null
              ? closed
              : producers.transactionalRefusal(producerId, producerEpoch, guard));
    }
  }

  @Override
  public List<ActiveProducer> activeProducers() {
    synchronized (criticalSection) {
      return producers.active();
    }
  }

  @Override
  public CompletableFuture<Void> proof() {
    ApiException reason = closed;
    return reason != null
        ? CompletableFuture.failedFuture(reason)
        : wal.proof()
            .exceptionallyCompose(
                failure -> CompletableFuture.failedFuture(WalFailures.over(failure)));
  }

  private <T> CompletableFuture<T> failWithProof(ApiException answer) {
    return proof().thenCompose(_ -> CompletableFuture.failedFuture(answer));
  }

  @Override
  public boolean hasRoom() {
    return wal.hasReserve();
  }

  @Override
  public CompletableFuture<Void> settled() {
    synchronized (criticalSection) {
      return durable(nextOffset - 1);
    }
  }

  /** A duplicate is answered when the first copy is durable (invariant I1). */
  private CompletableFuture<Appended> whenDurable(BatchSequence first) {
    long base = first.lastOffset() - first.offsetDelta();
    return durable(first.lastOffset())
        .thenApply(_ -> new Appended(base, first.lastOffset(), first.timestamp(), logStart, true));
  }

  /** In the critical section. */
  private CompletableFuture<Void> durable(long offset) {
    if (offset < highWatermark) {
      return CompletableFuture.completedFuture(null);
    }
    return durabilityWaits.on(offset);
  }

  /** On the WAL loop, in WAL order. */
  void onDurable(
      PendingAppend append, Chunk chunk, int chunkPosition, long fileCounter, long filePosition) {
    ByteBuffer batch = append.bytes();
    long base = BatchHeader.baseOffset(batch, 0);
    long end = BatchHeader.lastOffset(batch, 0) + 1;
    if (base != highWatermark) {
      throw new IllegalStateException(
          "offset %d of %s is durable behind offset %d".formatted(base, id, highWatermark));
    }
    tail.add(
        new Ref(
            base,
            end,
            batch.limit(),
            BatchHeader.maxTimestamp(batch, 0),
            chunk,
            chunkPosition,
            fileCounter,
            filePosition));
    reader.prune();
    List<CompletableFuture<Void>> reached;
    synchronized (criticalSection) {
      if (BatchHeader.control(batch, 0)) {
        aborted.forgetBelow(Math.min(tail.firstOffset(), base));
        producers.transactions().onDurableMarker(base, aborted);
      }
      highWatermark = end;
      reached = durabilityWaits.reached(end);
    }
    append.future().complete(new Appended(base, end - 1, append.appendTimeMs(), logStart, false));
    reached.forEach(wait -> wait.complete(null));
    listeners.changed();
  }

  /** The WAL ended before it knew the batch durable. */
  void onEnded(PendingAppend append, WalEndedException cause) {
    ApiException failure = WalFailures.fateOf(cause);
    close(WalFailures.over(cause));
    List<CompletableFuture<Void>> unreached;
    synchronized (criticalSection) {
      unreached = durabilityWaits.end(failure);
    }
    append.future().completeExceptionally(failure);
    unreached.forEach(wait -> wait.completeExceptionally(failure));
  }

  /**
   * Nothing is appended or read from now on; what the WAL has is answered when its fate is known.
   * Idempotent.
   */
  void close(ApiException reason) {
    synchronized (criticalSection) {
      if (closed != null) {
        return;
      }
      closed = reason;
    }
    listeners.changed();
  }

  /** Files up to this one are published and stand in the image. */
  void onPublished(long fileCounter) {
    reader.onPublished(fileCounter);
  }

  /** Objects that were compacted up to this offset stand in the image. */
  void onCompacted(long end) {
    reader.onCompacted(end);
  }

  void onLogStart(long offset) {
    if (offset > logStart) {
      logStart = offset;
      listeners.changed();
    }
  }

  void expireProducers(long idleMaxMs) {
    synchronized (criticalSection) {
      producers.expire(clock.monotonicNs(), idleMaxMs);
    }
  }

  @Override
  public CompletableFuture<LogSlice> read(
      long offset, int bytesMax, boolean atLeastOne, Isolation isolation) {
    ApiException reason = closed;
    if (reason != null) {
      return CompletableFuture.failedFuture(reason);
    }
    long end = nextOffset;
    if (offset < logStart || offset > end) {
      return failWithProof(outOfRange(offset, end));
    }
    boolean committed = isolation == Isolation.READ_COMMITTED;
    long high = highWatermark;
    long stable = stable(high);
    long visible = committed ? stable : high;
    if (offset >= visible || (bytesMax <= 0 && !atLeastOne)) {
      History.Batches none = new History.Batches(List.of(), offset, null, () -> {});
      return CompletableFuture.completedFuture(slice(none, high, stable, List.of()));
    }
    CompletableFuture<LogReader.Committed> read =
        committed
            ? reader.readCommitted(offset, visible, bytesMax, atLeastOne)
            : reader
                .read(offset, visible, bytesMax, atLeastOne)
                .thenApply(batches -> new LogReader.Committed(batches, List.of()));
    return read.thenCompose(found -> checked(offset, found, high, stable));
  }

  /**
   * A read that met an object that is gone has gone on with a newer image. If that has lost the
   * offset, to a moved log start or with the topic, what was read begins somewhere behind it.
   */
  private CompletableFuture<LogSlice> checked(
      long offset, LogReader.Committed found, long high, long stable) {
    ApiException reason = closed;
    if (reason == null && offset >= logStart) {
      return CompletableFuture.completedFuture(
          slice(found.batches(), high, stable, found.aborted()));
    }
    found.batches().release().run();
    return reason != null
        ? CompletableFuture.failedFuture(reason)
        : failWithProof(outOfRange(offset, nextOffset));
  }

  private OffsetOutOfRangeException outOfRange(long offset, long end) {
    return new OffsetOutOfRangeException(
        "Offset %d of %s is outside [%d, %d].".formatted(offset, id, logStart, end));
  }

  private LogSlice slice(
      History.Batches batches, long high, long stable, List<AbortedTransaction> abortedAmong) {
    int bytes = 0;
    for (ByteBuffer buffer : batches.buffers()) {
      bytes += buffer.remaining();
    }
    return new HeldSlice(
        batches.buffers(), bytes, high, stable, logStart, abortedAmong, batches.release());
  }

  @Override
  public CompletableFuture<Optional<OffsetAtTime>> firstAtOrAfter(long timestampMs) {
    reader.prune();
    return timeSearch.firstAtOrAfter(timestampMs, logStart, highWatermark);
  }

  @Override
  public CompletableFuture<Optional<OffsetAtTime>> maxTimestamp() {
    reader.prune();
    return timeSearch.maxTimestamp(logStart, highWatermark);
  }

  @Override
  public PartitionId id() {
    return id;
  }

  @Override
  public int leaderEpoch() {
    return leaderEpoch;
  }

  @Override
  public long logStart() {
    return logStart;
  }

  @Override
  public long highWatermark() {
    return highWatermark;
  }

  @Override
  public long lastStableOffset() {
    return stable(highWatermark);
  }

  /**
   * The last stable offset of one high watermark. That is read first, so that no transaction which
   * begins below it is missed.
   */
  private long stable(long high) {
    return Math.min(high, Math.max(producers.transactions().firstUnstable(), logStart));
  }

  @Override
  public CompletableFuture<Long> sizeBytes() {
    return reader.sizeBytes(logStart);
  }

  /** Spans of the tail that end above {@code from}. */
  List<Span> tail(long from) {
    return reader.tail(from);
  }

  /** Where the log would begin without its oldest {@code excess} bytes, or a little less. */
  CompletableFuture<Long> startWithout(long excess) {
    long high = highWatermark;
    return reader.startWithout(excess, logStart).thenApply(start -> Math.min(start, high));
  }

  @Override
  public int epochAt(long offset) {
    return epochs.at(offset);
  }

  @Override
  public EpochEnd endOfEpoch(int epoch) {
    return epochs.end(epoch, highWatermark);
  }

  @Override
  public Runnable onChange(Runnable listener) {
    Runnable remove = listeners.add(listener);
    if (closed != null) {
      listeners.changed();
    }
    return remove;
  }
}
