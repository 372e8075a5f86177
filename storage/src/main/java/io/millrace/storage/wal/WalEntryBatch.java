package io.millrace.storage.wal;

import io.millrace.storage.PartitionId;

/**
 * Where one batch lies in an entry.
 *
 * @param position from the start of the entry
 * @param bytes size of the batch
 */
public record WalEntryBatch(
    PartitionId partition, int leaderEpoch, long baseOffset, int position, int bytes) {}
