package io.millrace.broker.handler;

import io.millrace.storage.PartitionId;
import io.millrace.storage.log.PartitionLog;
import io.millrace.storage.log.Partitions;
import io.millrace.storage.log.TransactionMarker;
import io.millrace.storage.log.VerificationGuard;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.errors.ApiException;
import org.jspecify.annotations.Nullable;

/** Partitions as they are, except that the test decides what becomes of each proof. */
record HeldProofs(Partitions partitions, CompletableFuture<Void> proof) implements Partitions {
  @Override
  public CompletableFuture<PartitionLog> open(PartitionId id) {
    return partitions.open(id).thenApply(log -> new Log(log, proof));
  }

  @Override
  public @Nullable PartitionLog ifOpen(PartitionId id) {
    PartitionLog log = partitions.ifOpen(id);
    return log == null ? null : new Log(log, proof);
  }

  private record Log(PartitionLog log, CompletableFuture<Void> proof) implements PartitionLog {
    @Override
    public PartitionId id() {
      return log.id();
    }

    @Override
    public int leaderEpoch() {
      return log.leaderEpoch();
    }

    @Override
    public long logStart() {
      return log.logStart();
    }

    @Override
    public long highWatermark() {
      return log.highWatermark();
    }

    @Override
    public long lastStableOffset() {
      return log.lastStableOffset();
    }

    @Override
    public boolean hasRoom() {
      return log.hasRoom();
    }

    @Override
    public CompletableFuture<Void> settled() {
      return log.settled();
    }

    @Override
    public CompletableFuture<Long> sizeBytes() {
      return log.sizeBytes();
    }

    @Override
    public CompletableFuture<Appended> append(
        ByteBuffer batch, long appendTimeMs, Origin origin, VerificationGuard guard) {
      return log.append(batch, appendTimeMs, origin, guard);
    }

    @Override
    public CompletableFuture<Appended> appendMarker(TransactionMarker marker) {
      return log.appendMarker(marker);
    }

    @Override
    public boolean hasOpenTransaction(long producerId, short producerEpoch) {
      return log.hasOpenTransaction(producerId, producerEpoch);
    }

    @Override
    public VerificationGuard beginVerification(
        long producerId, short producerEpoch, int firstSequence, boolean epochBumps) {
      return log.beginVerification(producerId, producerEpoch, firstSequence, epochBumps);
    }

    @Override
    public Optional<ApiException> transactionalRefusal(
        long producerId, short producerEpoch, VerificationGuard guard) {
      return log.transactionalRefusal(producerId, producerEpoch, guard);
    }

    @Override
    public List<ActiveProducer> activeProducers() {
      return log.activeProducers();
    }

    @Override
    public CompletableFuture<LogSlice> read(
        long offset, int bytesMax, boolean atLeastOne, Isolation isolation) {
      return log.read(offset, bytesMax, atLeastOne, isolation);
    }

    @Override
    public CompletableFuture<Optional<OffsetAtTime>> firstAtOrAfter(long timestampMs) {
      return log.firstAtOrAfter(timestampMs);
    }

    @Override
    public CompletableFuture<Optional<OffsetAtTime>> maxTimestamp() {
      return log.maxTimestamp();
    }

    @Override
    public int epochAt(long offset) {
      return log.epochAt(offset);
    }

    @Override
    public EpochEnd endOfEpoch(int leaderEpoch) {
      return log.endOfEpoch(leaderEpoch);
    }

    @Override
    public Runnable onChange(Runnable listener) {
      return log.onChange(listener);
    }
  }
}
