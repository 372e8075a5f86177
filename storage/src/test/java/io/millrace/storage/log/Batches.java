package io.millrace.storage.log;

import io.millrace.protocol.batch.BatchHeader;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.record.internal.SimpleRecord;

/** Batches as producers send them. */
final class Batches {
  private Batches() {}

  /** Records with these timestamps, of no particular producer. */
  static ByteBuffer at(long... timestamps) {
    return bytes(
        MemoryRecords.withRecords(
            (byte) 2, 0, Compression.NONE, TimestampType.CREATE_TIME, records(timestamps)));
  }

  static ByteBuffer compressed(Compression compression, long... timestamps) {
    return bytes(
        MemoryRecords.withRecords(
            (byte) 2, 0, compression, TimestampType.CREATE_TIME, records(timestamps)));
  }

  static ByteBuffer of(long producerId, int epoch, int firstSequence, int records) {
    long[] timestamps = new long[records];
    Arrays.setAll(timestamps, i -> 1000 + i);
    return bytes(
        MemoryRecords.withIdempotentRecords(
            0,
            Compression.NONE,
            producerId,
            (short) epoch,
            firstSequence,
            -1,
            records(timestamps)));
  }

  static ByteBuffer transactional(long producerId, int epoch, int firstSequence, int records) {
    long[] timestamps = new long[records];
    Arrays.setAll(timestamps, i -> 1000 + i);
    return bytes(
        MemoryRecords.withTransactionalRecords(
            0,
            Compression.NONE,
            producerId,
            (short) epoch,
            firstSequence,
            -1,
            records(timestamps)));
  }

  static ByteBuffer assigned(ByteBuffer batch, long baseOffset) {
    BatchHeader.assign(batch, 0, baseOffset, RecordBatch.NO_PARTITION_LEADER_EPOCH);
    return batch;
  }

  /** The offset after the last of these whole batches. */
  static long end(ByteBuffer batches) {
    int last = batches.position();
    for (int at = last; at < batches.limit(); at += BatchHeader.sizeBytes(batches, at)) {
      last = at;
    }
    return BatchHeader.lastOffset(batches, last) + 1;
  }

  private static SimpleRecord[] records(long... timestamps) {
    return Arrays.stream(timestamps)
        .mapToObj(t ->
            new SimpleRecord(
                t, ("key" + t).getBytes(java.nio.charset.StandardCharsets.UTF_8), new byte[20]))
        .toArray(SimpleRecord[]::new);
  }

  private static ByteBuffer bytes(MemoryRecords records) {
    ByteBuffer copy = ByteBuffer.allocate(records.sizeInBytes());
    copy.put(records.buffer().duplicate());
    return copy.flip();
  }
}
