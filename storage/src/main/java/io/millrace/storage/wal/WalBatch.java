package io.millrace.storage.wal;

import io.millrace.storage.PartitionId;
import io.millrace.storage.cache.Chunk;
import java.nio.ByteBuffer;

/** One batch on its way through the WAL, with what to call when its fate is known. */
public interface WalBatch {
  PartitionId partition();

  /**
   * The whole batch, offsets and leader epoch already assigned; absolute reads only; unchanged
   * until one of the callbacks.
   */
  ByteBuffer bytes();

  /**
   * Whether it belongs to an internal topic or is a transaction marker: such batches do not starve
   * while the disk is full.
   */
  boolean mayUseReserve();

  /**
   * On the WAL loop, in WAL order: the batch is durable.
   *
   * @param chunk holds a copy of the batch; the callee retains it if it keeps it
   * @param chunkPosition where in the chunk
   * @param fileCounter WAL file, for reads once the chunk is gone
   * @param filePosition byte position in that file
   */
  void onDurable(Chunk chunk, int chunkPosition, long fileCounter, long filePosition);

  /**
   * On the WAL loop (or the caller's thread at the end): not known durable, the incarnation is
   * over.
   */
  void onEnded(WalEndedException cause);
}
