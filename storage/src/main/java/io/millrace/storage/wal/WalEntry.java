package io.millrace.storage.wal;

import java.util.List;

/**
 * The frame of a decoded entry; the bytes stay where they were read.
 *
 * @param durableSequence highest sequence number known durable when it was written, -1 if none
 * @param bytes header, index and batches, without the padding
 * @param batches empty for a durable mark
 */
public record WalEntry(
    long sequence, long durableSequence, int bytes, List<WalEntryBatch> batches) {
  public boolean isMark() {
    return batches.isEmpty();
  }
}
