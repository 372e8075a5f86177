package io.millrace.storage.object;

import io.millrace.protocol.batch.BatchHeader;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;

/** Batches as they stand in objects: offsets and leader epoch assigned. */
final class SampleBatches {
  private SampleBatches() {}

  static ByteBuffer plain(long baseOffset, int epoch, long... timestamps) {
    return assigned(
        MemoryRecords.withRecords(
            (byte) 2, 0, Compression.NONE, TimestampType.CREATE_TIME, records(20, timestamps)),
        baseOffset,
        epoch);
  }

  /** {@code count} records with the times 1000, 1001, ... and values of {@code valueBytes}. */
  static ByteBuffer sized(long baseOffset, int epoch, int count, int valueBytes) {
    return assigned(
        MemoryRecords.withRecords(
            (byte) 2,
            0,
            Compression.NONE,
            TimestampType.CREATE_TIME,
            records(valueBytes, times(count))),
        baseOffset,
        epoch);
  }

  static ByteBuffer idempotent(
      long baseOffset, long producerId, int producerEpoch, int sequence, int count) {
    return assigned(
        MemoryRecords.withIdempotentRecords(
            0,
            Compression.NONE,
            producerId,
            (short) producerEpoch,
            sequence,
            -1,
            records(20, times(count))),
        baseOffset,
        3);
  }

  static ByteBuffer transactional(
      long baseOffset, long producerId, int producerEpoch, int sequence, int count) {
    return assigned(
        MemoryRecords.withTransactionalRecords(
            0,
            Compression.NONE,
            producerId,
            (short) producerEpoch,
            sequence,
            -1,
            records(20, times(count))),
        baseOffset,
        3);
  }

  static ByteBuffer marker(
      long offset, long producerId, int producerEpoch, boolean abort, int coordinatorEpoch) {
    EndTransactionMarker marker =
        new EndTransactionMarker(
            abort ? ControlRecordType.ABORT : ControlRecordType.COMMIT, coordinatorEpoch);
    return assigned(
        MemoryRecords.withEndTransactionMarker(
            offset, 2000, 3, producerId, (short) producerEpoch, marker),
        offset,
        3);
  }

  static ByteBuffer random(SplittableRandom random, long baseOffset, int epoch, int valueBytesMax) {
    int count = 1 + random.nextInt(5);
    long[] times = new long[count];
    Arrays.setAll(times, _ -> random.nextLong(100_000));
    SimpleRecord[] records = records(1 + random.nextInt(valueBytesMax), times);
    Compression compression =
        random.nextInt(4) == 0 ? Compression.gzip().build() : Compression.NONE;
    return assigned(
        MemoryRecords.withRecords((byte) 2, 0, compression, TimestampType.CREATE_TIME, records),
        baseOffset,
        epoch);
  }

  /**
   * Records of a producer, in its transaction if it has one.
   *
   * @param producerId below 0 for none
   */
  static ByteBuffer of(
      long baseOffset,
      Compression compression,
      long producerId,
      boolean transactional,
      int sequence,
      SimpleRecord... records) {
    MemoryRecords batch =
        transactional
            ? MemoryRecords.withTransactionalRecords(
                0, compression, producerId, (short) 0, sequence, -1, records)
            : producerId < 0
                ? MemoryRecords.withRecords(
                    (byte) 2, 0, compression, TimestampType.CREATE_TIME, records)
                : MemoryRecords.withIdempotentRecords(
                    0, compression, producerId, (short) 0, sequence, -1, records);
    return assigned(batch, baseOffset, 3);
  }

  static long end(ByteBuffer batch) {
    return BatchHeader.lastOffset(batch, 0) + 1;
  }

  private static long[] times(int count) {
    long[] times = new long[count];
    Arrays.setAll(times, i -> 1000 + i);
    return times;
  }

  private static ByteBuffer assigned(MemoryRecords records, long baseOffset, int epoch) {
    ByteBuffer copy = ByteBuffer.allocate(records.sizeInBytes());
    copy.put(records.buffer().duplicate()).flip();
    BatchHeader.assign(copy, 0, baseOffset, epoch);
    return copy;
  }

  private static SimpleRecord[] records(int valueBytes, long... timestamps) {
    byte[] value = new byte[valueBytes];
    Arrays.fill(value, (byte) 'v');
    return Arrays.stream(timestamps)
        .mapToObj(t -> new SimpleRecord(t, value))
        .toArray(SimpleRecord[]::new);
  }
}
