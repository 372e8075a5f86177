package io.millrace.conformance;

import io.millrace.protocol.batch.BatchHeader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.record.internal.SimpleRecord;

/** A batch as a producer makes it, to be damaged. */
final class RawBatch {
  private static final byte[] VALUE = "value".getBytes(StandardCharsets.UTF_8);

  private RawBatch() {}

  static ByteBuffer of(int records) {
    return of(Compression.NONE, records);
  }

  static ByteBuffer of(Compression compression, int records) {
    return copy(
        MemoryRecords.withRecords(
            RecordBatch.CURRENT_MAGIC_VALUE,
            0,
            compression,
            TimestampType.CREATE_TIME,
            simple(records)));
  }

  static ByteBuffer at(long timestamp) {
    return copy(
        MemoryRecords.withRecords(
            RecordBatch.CURRENT_MAGIC_VALUE,
            0,
            Compression.NONE,
            TimestampType.CREATE_TIME,
            new SimpleRecord(timestamp, key(0), VALUE)));
  }

  static ByteBuffer withoutKey() {
    return copy(
        MemoryRecords.withRecords(
            RecordBatch.CURRENT_MAGIC_VALUE,
            0,
            Compression.NONE,
            TimestampType.CREATE_TIME,
            new SimpleRecord(now(), key(0), VALUE),
            new SimpleRecord(now(), null, VALUE)));
  }

  static ByteBuffer magic(byte magic) {
    return copy(
        MemoryRecords.withRecords(
            magic,
            0,
            Compression.NONE,
            TimestampType.CREATE_TIME,
            new SimpleRecord(now(), key(0), VALUE)));
  }

  static ByteBuffer idempotent(long producerId, int epoch, int sequence, int records) {
    return copy(
        MemoryRecords.withIdempotentRecords(
            0, Compression.NONE, producerId, (short) epoch, sequence, -1, simple(records)));
  }

  static ByteBuffer transactional(long producerId) {
    return copy(
        MemoryRecords.withTransactionalRecords(
            Compression.NONE, producerId, (short) 0, 0, simple(1)));
  }

  /** After a change, so that only the change is wrong. */
  static ByteBuffer withCrc(ByteBuffer batch) {
    return batch.putInt(BatchHeader.CRC_AT, BatchHeader.computeCrc(batch, 0, batch.limit()));
  }

  static ByteBuffer join(ByteBuffer first, ByteBuffer second) {
    return ByteBuffer.allocate(first.remaining() + second.remaining())
        .put(first)
        .put(second)
        .flip();
  }

  private static SimpleRecord[] simple(int records) {
    SimpleRecord[] all = new SimpleRecord[records];
    long now = now();
    for (int i = 0; i < records; i++) {
      all[i] = new SimpleRecord(now, key(i), VALUE);
    }
    return all;
  }

  private static byte[] key(int number) {
    return ("k" + number).getBytes(StandardCharsets.UTF_8);
  }

  static long now() {
    return System.currentTimeMillis();
  }

  private static ByteBuffer copy(MemoryRecords records) {
    return ByteBuffer.allocate(records.sizeInBytes()).put(records.buffer()).flip();
  }
}
