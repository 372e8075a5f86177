package io.millrace.storage.recovery;

import io.millrace.storage.PartitionId;
import io.millrace.storage.wal.WalEntryBatch;
import java.util.HashMap;
import java.util.Map;

/** Invariant I3: in WAL order a partition's batches are dense. Owned by one thread. */
final class DenseOffsets {
  private final Map<PartitionId, Long> nextOffsets = new HashMap<>();

  /**
   * Takes the next batch in WAL order.
   *
   * @param where it lies, for the message
   * @param end one past its last offset
   */
  void check(Object where, WalEntryBatch batch, long end) {
    Long expected = nextOffsets.put(batch.partition(), end);
    if (expected != null && expected != batch.baseOffset()) {
      throw new WalCorruptException(
          "%s: a batch of partition %s begins at offset %d where offset %d must follow"
              .formatted(where, batch.partition(), batch.baseOffset(), expected));
    }
  }
}
