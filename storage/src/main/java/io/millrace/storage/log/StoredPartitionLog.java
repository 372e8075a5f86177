package io.millrace.storage.log;

import io.millrace.protocol.batch.BatchHeader;
import io.millrace.protocol.batch.BatchRewriter;
import io.millrace.runtime.Clock;
import io.millrace.runtime.FailureCause;
import io.millrace.storage.PartitionId;
import io.millrace.storage.cache.Chunk;
import io.millrace.storage.log.ProducerStates.Verdict;
import io.millrace.storage.log.TailIndex.Ref;
import io.millrace.storage.object.Footer.BatchSequence;
import io.millrace.storage.wal.Wal;
import io.millrace.storage.wal.WalEndedException;
import io.millrace.storage.wal.WalFullException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.KafkaStorageException;
import org.apache.kafka.common.errors.NetworkException;
import org.apache.kafka.common.errors.NotLeaderOrFollowerException;
import org.apache.kafka.common.errors.OffsetOutOfRangeException;
import org.jspecify.annotations.Nullable;

/**
 * A partition over the WAL and published objects. Appends are ordered by one critical section:
 * producer check, offset, hand-off to the WAL. The high watermark is the end of what the WAL called
 * durable, raised in WAL order on its loop. A batch is never answered as not written once the WAL
 * has it: if the WAL ends, recovery decides.
 */
final class StoredPartitionLog implements PartitionLog {
  private static final int READ_ATTEMPTS_MAX = 3;

  private final PartitionId id;
  private final int leaderEpoch;
  private final EpochHistory epochs;
  private final History history;
  private final Wal wal;
  private final TailReader tailReader;
  private final TimeSearch timeSearch;
  private final Clock clock;
  private final TailIndex tail = new TailIndex();
  private final ChangeListeners listeners = new ChangeListeners();

  private final Object criticalSection = new Object();
  private final ProducerStates producers;
  private final TreeMap<Long, CompletableFuture<Void>> durabilityWaits = new TreeMap<>();
  private volatile long nextOffset;
  private volatile @Nullable ApiException closed;
  private @Nullable ApiException walOver;

  private volatile long highWatermark;
  private volatile long logStart;
  private volatile long publishedCounter = -1;

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
    this.history = history;
    this.wal = wal;
    this.tailReader = tailReader;
    this.timeSearch = new TimeSearch(history, tail, tailReader);
    this.clock = clock;
  }

  @Override
  public CompletableFuture<Appended> append(ByteBuffer batch, long appendTimeMs, Origin origin) {
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
      return switch (producers.check(batch, origin)) {
        case Verdict.Accept _ -> handOver(batch, appendTimeMs, origin);
        case Verdict.Duplicate(BatchSequence first) -> whenDurable(first);
        // a later leader may have accepted what this one does not know
        case Verdict.Refused(ApiException refusal) -> failWithProof(refusal);
      };
    }
  }

  private CompletableFuture<Appended> handOver(ByteBuffer batch, long appendTimeMs, Origin origin) {
    BatchHeader.assign(batch, 0, nextOffset, leaderEpoch);
    PendingAppend pending =
        new PendingAppend(this, batch, appendTimeMs, origin == Origin.COORDINATOR);
    try {
      wal.append(pending);
    } catch (WalEndedException e) {
      ApiException failure = over(e);
      closed = failure;
      return CompletableFuture.failedFuture(failure);
    } catch (WalFullException e) {
      producers.notTaken(batch, clock.monotonicNs());
      return CompletableFuture.failedFuture(new KafkaStorageException(e.getMessage(), e));
    }
    producers.accept(batch, clock.monotonicNs());
    nextOffset = BatchHeader.lastOffset(batch, 0) + 1;
    return pending.future();
  }

  @Override
  public CompletableFuture<Void> proof() {
    ApiException reason = closed;
    return reason != null
        ? CompletableFuture.failedFuture(reason)
        : wal.proof()
            .exceptionallyCompose(failure -> CompletableFuture.failedFuture(over(failure)));
  }

  private <T> CompletableFuture<T> failWithProof(ApiException answer) {
    return proof().thenCompose(_ -> CompletableFuture.failedFuture(answer));
  }

  /** Completes when nothing handed to the WAL waits any more; fails if the WAL ends first. */
  CompletableFuture<Void> settled() {
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
    return walOver != null
        ? CompletableFuture.failedFuture(walOver)
        : durabilityWaits.computeIfAbsent(offset, _ -> new CompletableFuture<>());
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
    tail.prune(publishedCounter);
    List<CompletableFuture<Void>> reached;
    synchronized (criticalSection) {
      highWatermark = end;
      reached = takeWaits(end);
    }
    append.future().complete(new Appended(base, end - 1, append.appendTimeMs(), logStart, false));
    reached.forEach(wait -> wait.complete(null));
    listeners.changed();
  }

  /** The WAL ended before it knew the batch durable. */
  void onEnded(PendingAppend append, WalEndedException cause) {
    ApiException failure = fateOf(cause);
    close(over(cause));
    List<CompletableFuture<Void>> unreached;
    synchronized (criticalSection) {
      walOver = failure;
      unreached = takeWaits(Long.MAX_VALUE);
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
    publishedCounter = fileCounter;
    tail.prune(fileCounter);
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
    long visible = isolation == Isolation.READ_COMMITTED ? lastStableOffset() : highWatermark;
    if (offset >= visible || (bytesMax <= 0 && !atLeastOne)) {
      return CompletableFuture.completedFuture(
          slice(new History.Batches(List.of(), () -> {}), visible));
    }
    return read(offset, visible, bytesMax, atLeastOne, 1)
        .thenCompose(batches -> checked(offset, batches, visible));
  }

  /**
   * A read that met an object that is gone has gone on with a newer image. If that has lost the
   * offset, to a moved log start or with the topic, what was read begins somewhere behind it.
   */
  private CompletableFuture<LogSlice> checked(long offset, History.Batches batches, long visible) {
    ApiException reason = closed;
    if (reason == null && offset >= logStart) {
      return CompletableFuture.completedFuture(slice(batches, visible));
    }
    batches.release().run();
    return reason != null
        ? CompletableFuture.failedFuture(reason)
        : failWithProof(outOfRange(offset, nextOffset));
  }

  private OffsetOutOfRangeException outOfRange(long offset, long end) {
    return new OffsetOutOfRangeException(
        "Offset %d of %s is outside [%d, %d].".formatted(offset, id, logStart, end));
  }

  private CompletableFuture<History.Batches> read(
      long offset, long visible, int bytesMax, boolean atLeastOne, int attempt) {
    tail.prune(
        publishedCounter); // nothing may have been appended since the cache lost what objects hold
    List<Ref> refs = tail.from(offset, bytesMax);
    if (refs.isEmpty()) {
      return history.read(offset, visible, bytesMax, atLeastOne);
    }
    return tailReader
        .read(refs, offset, visible, bytesMax, atLeastOne)
        .exceptionallyCompose(failure ->
            // the file may have been published, merged and recycled since the tail was asked
            attempt < READ_ATTEMPTS_MAX
                ? read(offset, visible, bytesMax, atLeastOne, attempt + 1)
                : CompletableFuture.failedFuture(unreadable(offset, failure)));
  }

  private ApiException unreadable(long offset, Throwable failure) {
    Throwable cause = FailureCause.of(failure);
    return cause instanceof ApiException known
        ? known
        : new KafkaStorageException(
            "Offset %d of %s cannot be read now.".formatted(offset, id), cause);
  }

  private LogSlice slice(History.Batches batches, long visible) {
    int bytes = 0;
    for (ByteBuffer buffer : batches.buffers()) {
      bytes += buffer.remaining();
    }
    return new HeldSlice(
        batches.buffers(), bytes, visible, visible, logStart, List.of(), batches.release());
  }

  @Override
  public CompletableFuture<Optional<OffsetAtTime>> firstAtOrAfter(long timestampMs) {
    tail.prune(publishedCounter);
    return timeSearch.firstAtOrAfter(timestampMs, logStart, highWatermark);
  }

  @Override
  public CompletableFuture<Optional<OffsetAtTime>> maxTimestamp() {
    tail.prune(publishedCounter);
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
    // no transactional batch is accepted, so none is open
    return highWatermark;
  }

  @Override
  public CompletableFuture<Long> sizeBytes() {
    // the tail first: what leaves it meanwhile is in objects
    List<Ref> refs = tail.matching(_ -> true);
    return history
        .size(logStart)
        .thenApply(published ->
            published.bytes()
                + refs.stream()
                    .filter(ref -> ref.baseOffset() >= published.endOffset())
                    .mapToLong(Ref::bytes)
                    .sum());
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

  private List<CompletableFuture<Void>> takeWaits(long end) {
    if (durabilityWaits.isEmpty()) {
      return List.of();
    }
    var below = durabilityWaits.headMap(end);
    List<CompletableFuture<Void>> taken = List.copyOf(below.values());
    below.clear();
    return taken;
  }

  /** Nothing was written: the WAL did not take it. */
  private static ApiException over(Throwable failure) {
    Throwable ended = FailureCause.of(failure);
    return diskFailed(ended)
        ? storageFailed(ended)
        : new NotLeaderOrFollowerException(
            "The incarnation that led the partition is over.", ended);
  }

  /** The WAL had it: recovery decides whether it stands, so it is not answered at all. */
  private static ApiException fateOf(WalEndedException ended) {
    return diskFailed(ended)
        ? storageFailed(ended)
        : new NetworkException(
            "The incarnation ended before it knew what became of the batch.", ended);
  }

  private static boolean diskFailed(@Nullable Throwable ended) {
    Throwable cause = ended == null ? null : ended.getCause();
    return cause != null && FailureCause.of(cause) instanceof IOException;
  }

  private static ApiException storageFailed(@Nullable Throwable ended) {
    return new KafkaStorageException(
        "The write-ahead log has failed; recovery decides what of it stands.", ended);
  }
}
