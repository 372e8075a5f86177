package io.millrace.storage.log;

import io.millrace.storage.PartitionId;
import io.millrace.storage.cache.Chunk;
import io.millrace.storage.log.PartitionLog.Appended;
import io.millrace.storage.wal.WalBatch;
import io.millrace.storage.wal.WalEndedException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;

/** A batch that the WAL has and nobody knows durable yet. */
final class PendingAppend implements WalBatch {
  private final StoredPartitionLog log;
  private final ByteBuffer batch;
  private final long appendTimeMs;
  private final boolean mayUseReserve;
  private final CompletableFuture<Appended> future = new CompletableFuture<>();

  PendingAppend(
      StoredPartitionLog log, ByteBuffer batch, long appendTimeMs, boolean mayUseReserve) {
    this.log = log;
    this.batch = batch;
    this.appendTimeMs = appendTimeMs;
    this.mayUseReserve = mayUseReserve;
  }

  CompletableFuture<Appended> future() {
    return future;
  }

  long appendTimeMs() {
    return appendTimeMs;
  }

  @Override
  public PartitionId partition() {
    return log.id();
  }

  @Override
  public ByteBuffer bytes() {
    return batch;
  }

  @Override
  public boolean mayUseReserve() {
    return mayUseReserve;
  }

  @Override
  public void onDurable(Chunk chunk, int chunkPosition, long fileCounter, long filePosition) {
    log.onDurable(this, chunk, chunkPosition, fileCounter, filePosition);
  }

  @Override
  public void onEnded(WalEndedException cause) {
    log.onEnded(this, cause);
  }
}
