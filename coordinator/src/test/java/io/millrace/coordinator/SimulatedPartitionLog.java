package io.millrace.coordinator;

import io.millrace.protocol.batch.BatchHeader;
import io.millrace.storage.PartitionId;
import io.millrace.storage.log.PartitionLog;
import io.millrace.storage.log.TransactionMarker;
import io.millrace.storage.log.VerificationGuard;
import io.millrace.storage.object.Footer.AbortedTransaction;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.KafkaStorageException;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.jspecify.annotations.Nullable;

/** A partition in memory whose appends become durable when the test says so. */
public final class SimulatedPartitionLog implements PartitionLog {
  private final PartitionId id = new PartitionId(new Uuid(7, 7), 0);

  /** By last offset. */
  private final NavigableMap<Long, ByteBuffer> batches = new TreeMap<>();

  private final List<CompletableFuture<Appended>> waiting = new ArrayList<>();
  private final List<CompletableFuture<Void>> waitingProofs = new ArrayList<>();
  private final List<Runnable> listeners = new ArrayList<>();
  private CompletableFuture<Void> settled = CompletableFuture.completedFuture(null);
  private long end;
  private long durable;
  private boolean held;
  private boolean full;
  private boolean proofsHeld;
  private int proofsAsked;
  private @Nullable ApiException refusal;

  /** Appends stay undurable until {@link #letGo()}. */
  public void hold() {
    held = true;
  }

  /** The store does not answer until {@link #letGo()}: neither appends nor proofs complete. */
  public void holdAll() {
    held = true;
    proofsHeld = true;
  }

  /** No batch is taken until there is room again. */
  public void full(boolean isFull) {
    full = isFull;
  }

  /** How many batches it has, whose records each came together. */
  public int batches() {
    return batches.size();
  }

  /** Tells those who listen that something has changed. */
  public void change() {
    List<Runnable> told = List.copyOf(listeners);
    listeners.clear();
    told.forEach(Runnable::run);
  }

  public int proofsAsked() {
    return proofsAsked;
  }

  public void failProofs(RuntimeException cause) {
    List<CompletableFuture<Void>> proofs = List.copyOf(waitingProofs);
    waitingProofs.clear();
    proofs.forEach(each -> each.completeExceptionally(cause));
  }

  public void letGo() {
    held = false;
    proofsHeld = false;
    List<CompletableFuture<Void>> proofs = List.copyOf(waitingProofs);
    waitingProofs.clear();
    proofs.forEach(each -> each.complete(null));
    List<CompletableFuture<Appended>> ready = List.copyOf(waiting);
    waiting.clear();
    durable = end;
    ready.forEach(each -> each.complete(new Appended(0, 0, -1, 0, false)));
    settled.complete(null);
  }

  public void failHeld(RuntimeException cause) {
    List<CompletableFuture<Appended>> ready = List.copyOf(waiting);
    waiting.clear();
    ready.forEach(each -> each.completeExceptionally(cause));
    settled.completeExceptionally(cause);
  }

  /** Takes every batch; a test that wants a refusal says so with {@link #refuseTransactional}. */
  @Override
  public CompletableFuture<Appended> append(
      ByteBuffer batch, long appendTimeMs, Origin origin, VerificationGuard guard) {
    if (refusal != null && BatchHeader.transactional(batch, 0)) {
      return CompletableFuture.failedFuture(refusal);
    }
    if (full) {
      return CompletableFuture.failedFuture(new KafkaStorageException("there is no room"));
    }
    ByteBuffer copy = ByteBuffer.allocate(batch.remaining()).put(batch.duplicate()).flip();
    MutableRecordBatch only = MemoryRecords.readableRecords(copy).batches().iterator().next();
    long base = end;
    only.setLastOffset(base + only.lastOffset());
    end = only.lastOffset() + 1;
    batches.put(only.lastOffset(), copy);
    if (held) {
      CompletableFuture<Appended> future = new CompletableFuture<>();
      waiting.add(future);
      if (settled.isDone()) {
        settled = new CompletableFuture<>();
      }
      return future;
    }
    durable = end;
    return CompletableFuture.completedFuture(new Appended(base, end - 1, -1, 0, false));
  }

  @Override
  public boolean hasRoom() {
    return !full;
  }

  @Override
  public CompletableFuture<Void> settled() {
    return settled;
  }

  @Override
  public CompletableFuture<Appended> appendMarker(TransactionMarker marker) {
    ControlRecordType type =
        marker.committed() ? ControlRecordType.COMMIT : ControlRecordType.ABORT;
    return append(
        MemoryRecords.withEndTransactionMarker(
                0,
                marker.producerId(),
                marker.producerEpoch(),
                new EndTransactionMarker(type, marker.coordinatorEpoch()))
            .buffer(),
        -1,
        Origin.COORDINATOR,
        VerificationGuard.NONE);
  }

  /** From now on no transactional batch is taken, for this reason; null takes it back. */
  public void refuseTransactional(@Nullable ApiException reason) {
    refusal = reason;
  }

  @Override
  public boolean hasOpenTransaction(long producerId, short producerEpoch) {
    return refusal == null;
  }

  @Override
  public VerificationGuard beginVerification(
      long producerId, short producerEpoch, int firstSequence, boolean epochBumps) {
    return VerificationGuard.NONE;
  }

  @Override
  public Optional<ApiException> transactionalRefusal(
      long producerId, short producerEpoch, VerificationGuard guard) {
    return Optional.ofNullable(refusal);
  }

  @Override
  public List<ActiveProducer> activeProducers() {
    return List.of();
  }

  @Override
  public CompletableFuture<LogSlice> read(
      long offset, int bytesMax, boolean atLeastOne, Isolation isolation) {
    Map.Entry<Long, ByteBuffer> batch = batches.ceilingEntry(offset);
    if (batch != null) {
      return CompletableFuture.completedFuture(new Slice(batch.getValue().duplicate(), end));
    }
    return CompletableFuture.completedFuture(new Slice(ByteBuffer.allocate(0), end));
  }

  private record Slice(ByteBuffer batch, long highWatermark) implements LogSlice {
    @Override
    public List<ByteBuffer> buffers() {
      return List.of(batch);
    }

    @Override
    public int sizeBytes() {
      return batch.remaining();
    }

    @Override
    public long lastStableOffset() {
      return highWatermark;
    }

    @Override
    public long logStart() {
      return 0;
    }

    @Override
    public List<AbortedTransaction> abortedTransactions() {
      return List.of();
    }

    @Override
    public void release() {}
  }

  @Override
  public PartitionId id() {
    return id;
  }

  @Override
  public int leaderEpoch() {
    return 0;
  }

  @Override
  public long logStart() {
    return 0;
  }

  @Override
  public long highWatermark() {
    return durable;
  }

  @Override
  public long lastStableOffset() {
    return durable;
  }

  @Override
  public CompletableFuture<Long> sizeBytes() {
    return CompletableFuture.completedFuture(
        batches.values().stream().mapToLong(ByteBuffer::remaining).sum());
  }

  @Override
  public CompletableFuture<Optional<OffsetAtTime>> firstAtOrAfter(long timestampMs) {
    return CompletableFuture.completedFuture(Optional.empty());
  }

  @Override
  public CompletableFuture<Optional<OffsetAtTime>> maxTimestamp() {
    return CompletableFuture.completedFuture(Optional.empty());
  }

  @Override
  public int epochAt(long offset) {
    return 0;
  }

  @Override
  public EpochEnd endOfEpoch(int leaderEpoch) {
    return new EpochEnd(-1, -1);
  }

  @Override
  public CompletableFuture<Void> proof() {
    proofsAsked++;
    if (!proofsHeld) {
      return CompletableFuture.completedFuture(null);
    }
    CompletableFuture<Void> proof = new CompletableFuture<>();
    waitingProofs.add(proof);
    return proof;
  }

  @Override
  public Runnable onChange(Runnable listener) {
    listeners.add(listener);
    return () -> listeners.remove(listener);
  }
}
