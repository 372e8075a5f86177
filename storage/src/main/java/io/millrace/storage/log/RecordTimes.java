package io.millrace.storage.log;

import io.millrace.protocol.batch.BatchHeader;
import io.millrace.storage.log.PartitionLog.OffsetAtTime;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.apache.kafka.common.record.internal.DefaultRecordBatch;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;

/** Looks into one batch for records by their time; decompresses it. */
final class RecordTimes {
  private RecordTimes() {}

  /** The first record of the batch at {@code at} with at least this time and offset. */
  static Optional<OffsetAtTime> firstAtOrAfter(
      ByteBuffer b, int at, long timestampMs, long offsetMin) {
    RecordBatch batch = batch(b, at);
    for (Record record : batch) {
      if (record.timestamp() >= timestampMs && record.offset() >= offsetMin) {
        return Optional.of(
            new OffsetAtTime(record.offset(), record.timestamp(), batch.partitionLeaderEpoch()));
      }
    }
    return Optional.empty();
  }

  private static DefaultRecordBatch batch(ByteBuffer b, int at) {
    ByteBuffer bytes = b.slice(at, BatchHeader.sizeBytes(b, at));
    return (DefaultRecordBatch) MemoryRecords.readableRecords(bytes).batches().iterator().next();
  }
}
