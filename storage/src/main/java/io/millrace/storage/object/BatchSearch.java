package io.millrace.storage.object;

import io.millrace.protocol.batch.BatchHeader;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;

/** Looks for records by time inside one batch; decompresses it. */
final class BatchSearch {
  private BatchSearch() {}

  /**
   * The first record of the batch at {@code at} with at least this time, among offsets [{@code
   * from}, {@code to}).
   */
  static Optional<TimedOffset> firstAtOrAfter(
      ByteBuffer b, int at, long timestampMs, long from, long to) {
    RecordBatch batch = batch(b, at);
    for (Record record : batch) {
      if (record.timestamp() >= timestampMs && record.offset() >= from && record.offset() < to) {
        return Optional.of(timed(record, batch));
      }
    }
    return Optional.empty();
  }

  /** The first of the records with the largest time, among offsets [{@code from}, {@code to}). */
  static Optional<TimedOffset> latest(ByteBuffer b, int at, long from, long to) {
    RecordBatch batch = batch(b, at);
    Optional<TimedOffset> latest = Optional.empty();
    for (Record record : batch) {
      boolean inRange = record.offset() >= from && record.offset() < to;
      if (inRange && (latest.isEmpty() || record.timestamp() > latest.get().timestamp())) {
        latest = Optional.of(timed(record, batch));
      }
    }
    return latest;
  }

  private static TimedOffset timed(Record record, RecordBatch batch) {
    return new TimedOffset(record.offset(), record.timestamp(), batch.partitionLeaderEpoch());
  }

  private static RecordBatch batch(ByteBuffer b, int at) {
    ByteBuffer bytes = b.slice(at, BatchHeader.sizeBytes(b, at));
    return MemoryRecords.readableRecords(bytes).batches().iterator().next();
  }
}
