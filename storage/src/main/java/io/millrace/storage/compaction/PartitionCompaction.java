package io.millrace.storage.compaction;

import io.millrace.protocol.batch.BatchHeader;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecords.RecordFilter;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.utils.BufferSupplier;

/**
 * Decides record by record what of a partition stays. First it is shown what was never compacted
 * ({@link #index}), until memory is full or the end is reached; then everything from the first
 * batch on ({@link #compact}). A record goes if the same key has a newer one among those indexed,
 * if its transaction was aborted, or if it has no key; a tombstone, and a marker that ends nothing
 * any more, {@code delete.retention.ms} after the first compaction that saw them. The batch in
 * front of the end stays, empty if need be, so that readers get there. Batches keep their offsets,
 * epochs and sequences. Not thread-safe.
 */
public final class PartitionCompaction {
  private final KeyOffsets keys;
  private final long nowMs;
  private final long deleteRetentionMs;
  private final BufferSupplier decompression = BufferSupplier.create();
  private final RecordSums kept = new RecordSums();
  private TransactionTrail trail = new TransactionTrail();
  private ByteBuffer scratch = ByteBuffer.allocate(0);
  private long end;
  private long read;
  private long superseded;
  private long expired;
  private long aborted;
  private long keyless;
  private long newestKept;
  private long newestExpired;

  /**
   * @param keys empty
   * @param end only batches that end at or below it are compacted
   * @param nowMs wall time
   */
  public PartitionCompaction(KeyOffsets keys, long end, long nowMs, long deleteRetentionMs) {
    this.keys = keys;
    this.end = end;
    this.nowMs = nowMs;
    this.deleteRetentionMs = deleteRetentionMs;
  }

  /**
   * A transaction was aborted that may have batches from here on; saying it again changes nothing.
   *
   * @param firstOffset at or below its first batch, above its producer's marker before
   */
  public void addAborted(long producerId, long firstOffset, long markerOffset) {
    trail.add(producerId, firstOffset, markerOffset);
  }

  /** Only batches that end at or below it are compacted; final once everything was indexed. */
  public long end() {
    return end;
  }

  /**
   * Remembers the keys of the next batch.
   *
   * @return false if the end has come, or no memory is left; then the end is in front of this batch
   */
  public boolean index(ByteBuffer b, int at) {
    if (BatchHeader.lastOffset(b, at) >= end || !keys.hasRoomFor(BatchHeader.recordCount(b, at))) {
      end = Math.min(end, BatchHeader.baseOffset(b, at));
      return false;
    }
    RecordBatch batch = batch(b, at);
    if (batch.isControlBatch()) {
      trail.onControl(batch);
    } else if (!trail.onData(batch)) {
      for (Record record : batch) {
        if (record.hasKey()) {
          keys.put(record.key(), record.offset());
        }
      }
    }
    return true;
  }

  /** Everything was indexed; the first batch comes again. */
  public void beginAgain() {
    trail = new TransactionTrail();
  }

  /**
   * What stays of the next batch, which ends at or below the end: the very batch, another one, or
   * nothing. Good until the next call.
   *
   * @param b with the batch at {@code at}
   */
  public Optional<ByteBuffer> compact(ByteBuffer b, int at) {
    int size = BatchHeader.sizeBytes(b, at);
    MemoryRecords one = MemoryRecords.readableRecords(b.slice(at, size));
    if (scratch.capacity() < size) {
      scratch = ByteBuffer.allocate(size);
    }
    read += BatchHeader.recordCount(b, at);
    ByteBuffer out =
        one.filterTo(new Filter(nowMs, deleteRetentionMs), scratch.clear(), decompression)
            .outputBuffer()
            .flip();
    return out.hasRemaining() ? Optional.of(out) : Optional.empty();
  }

  /** Sums of all records that were kept so far. */
  public RecordSums kept() {
    return kept;
  }

  /**
   * After the last batch: every record read was kept or dropped for a reason, and of each key that
   * was indexed the newest record is there, unless it was a tombstone whose time had come.
   *
   * @throws IllegalStateException if not
   */
  public void check() {
    long accounted = kept.records() + superseded + expired + aborted + keyless;
    if (accounted != read || newestKept + newestExpired != keys.size()) {
      throw new IllegalStateException(
          "%d records read, %s; of %d keys %d have their newest record, of %d it has expired"
              .formatted(read, this, keys.size(), newestKept, newestExpired));
    }
  }

  @Override
  public String toString() {
    return "%d kept, %d superseded, %d expired, %d aborted, %d without a key"
        .formatted(kept.records(), superseded, expired, aborted, keyless);
  }

  private static RecordBatch batch(ByteBuffer b, int at) {
    return MemoryRecords.readableRecords(b.slice(at, BatchHeader.sizeBytes(b, at)))
        .batches()
        .iterator()
        .next();
  }

  /** For one batch. */
  private final class Filter extends RecordFilter {
    private boolean isAborted;

    Filter(long nowMs, long deleteRetentionMs) {
      super(nowMs, deleteRetentionMs);
    }

    @Override
    protected BatchRetentionResult checkBatchRetention(RecordBatch batch) {
      boolean last = batch.lastOffset() + 1 == end;
      if (batch.isControlBatch()) {
        boolean endsNothing = trail.onControl(batch);
        boolean goes = endsNothing && !last && hasExpired(batch);
        if (goes) {
          expired += count(batch);
        }
        return new BatchRetentionResult(
            goes ? BatchRetention.DELETE : BatchRetention.DELETE_EMPTY, endsNothing);
      }
      isAborted = trail.onData(batch);
      if (isAborted && !last) {
        aborted += count(batch);
        return new BatchRetentionResult(BatchRetention.DELETE, false);
      }
      return new BatchRetentionResult(
          last ? BatchRetention.RETAIN_EMPTY : BatchRetention.DELETE_EMPTY, false);
    }

    @Override
    protected boolean shouldRetainRecord(RecordBatch batch, Record record) {
      boolean stays = batch.isControlBatch() || isWanted(batch, record);
      if (stays) {
        kept.add(record);
      }
      return stays;
    }

    private boolean isWanted(RecordBatch batch, Record record) {
      if (isAborted) {
        aborted++;
        return false;
      }
      if (!record.hasKey()) {
        keyless++;
        return false;
      }
      long newest = keys.newest(record.key());
      if (record.offset() < newest) {
        superseded++;
        return false;
      }
      if (!record.hasValue() && hasExpired(batch)) {
        expired++;
        newestExpired += record.offset() == newest ? 1 : 0;
        return false;
      }
      newestKept += record.offset() == newest ? 1 : 0;
      return true;
    }

    private boolean hasExpired(RecordBatch batch) {
      OptionalLong horizonMs = batch.deleteHorizonMs();
      return horizonMs.isPresent() && horizonMs.getAsLong() <= currentTime;
    }

    private static int count(RecordBatch batch) {
      return batch.countOrNull();
    }
  }
}
