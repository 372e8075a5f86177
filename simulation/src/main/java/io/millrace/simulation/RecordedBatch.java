package io.millrace.simulation;

import io.millrace.protocol.batch.BatchHeader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.record.internal.SimpleRecord;

/**
 * What identifies a batch to the checkers: where it lies, its bytes, and the name its producer gave
 * it, which stands at the beginning of each of its records.
 */
record RecordedBatch(long baseOffset, long lastOffset, int sizeBytes, int crc, String name) {
  /** Of a batch that ends a transaction. */
  private static final String MARKER = "marker";

  /** Bytes of a batch as a producer sends it; no producer id if {@code producerId} is negative. */
  static ByteBuffer encode(
      String name,
      List<byte[]> paddings,
      Compression compression,
      long timestampMs,
      long producerId,
      short producerEpoch,
      int sequence,
      boolean transactional) {
    SimpleRecord[] records = new SimpleRecord[paddings.size()];
    for (int i = 0; i < records.length; i++) {
      byte[] head = (name + " " + i + " ").getBytes(StandardCharsets.US_ASCII);
      byte[] value = new byte[head.length + paddings.get(i).length];
      System.arraycopy(head, 0, value, 0, head.length);
      System.arraycopy(paddings.get(i), 0, value, head.length, paddings.get(i).length);
      records[i] = new SimpleRecord(timestampMs + i, null, value);
    }
    MemoryRecords batch =
        producerId < 0
            ? MemoryRecords.withRecords(compression, records)
            : transactional
                ? MemoryRecords.withTransactionalRecords(
                    compression, producerId, producerEpoch, sequence, records)
                : MemoryRecords.withIdempotentRecords(
                    compression, producerId, producerEpoch, sequence, records);
    return batch.buffer();
  }

  /** As it would lie at {@code baseOffset}. */
  static RecordedBatch of(String name, ByteBuffer bytes, long baseOffset) {
    int at = bytes.position();
    return new RecordedBatch(
        baseOffset,
        baseOffset + BatchHeader.lastOffsetDelta(bytes, at),
        BatchHeader.sizeBytes(bytes, at),
        BatchHeader.crc(bytes, at),
        name);
  }

  /** Whole batches as a consumer reads them: every CRC and record is checked. */
  static List<RecordedBatch> decode(ByteBuffer bytes) {
    List<RecordedBatch> batches = new ArrayList<>();
    int read = 0;
    for (MutableRecordBatch batch : MemoryRecords.readableRecords(bytes).batches()) {
      batches.add(decode(batch));
      read += batch.sizeInBytes();
    }
    if (read != bytes.remaining()) {
      throw new Violation(
          "A12: a fetch ends with %d bytes of half a batch".formatted(bytes.remaining() - read));
    }
    return batches;
  }

  /** The first offset of each leader epoch among the batches; epochs must not go back. */
  static NavigableMap<Integer, Long> epochs(ByteBuffer bytes) {
    TreeMap<Integer, Long> epochs = new TreeMap<>();
    for (MutableRecordBatch batch : MemoryRecords.readableRecords(bytes.duplicate()).batches()) {
      int epoch = batch.partitionLeaderEpoch();
      if (!epochs.isEmpty() && epoch < epochs.lastKey()) {
        throw new Violation(
            "I14: epoch %d at offset %d comes after epoch %d"
                .formatted(epoch, batch.baseOffset(), epochs.lastKey()));
      }
      epochs.putIfAbsent(epoch, batch.baseOffset());
    }
    return epochs;
  }

  boolean isMarker() {
    return name.equals(MARKER);
  }

  static RecordedBatch decode(RecordBatch batch) {
    if (!batch.isValid()) {
      throw new Violation("E2: a fetch served a batch with a wrong CRC at " + batch.baseOffset());
    }
    if (batch.isControlBatch()) {
      return new RecordedBatch(
          batch.baseOffset(),
          batch.lastOffset(),
          batch.sizeInBytes(),
          (int) batch.checksum(),
          MARKER);
    }
    String name = "";
    long expected = batch.baseOffset();
    for (Record record : batch) {
      String value = StandardCharsets.US_ASCII.decode(record.value()).toString();
      String of = value.substring(0, Math.max(0, value.indexOf(' ')));
      if (record.offset() != expected || !(name.isEmpty() || name.equals(of))) {
        throw new Violation("I3: batch at " + batch.baseOffset() + " holds others' records");
      }
      name = of;
      expected++;
    }
    return new RecordedBatch(
        batch.baseOffset(), batch.lastOffset(), batch.sizeInBytes(), (int) batch.checksum(), name);
  }
}
