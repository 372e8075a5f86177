package io.millrace.storage.object;

import io.millrace.protocol.batch.BatchHash;
import io.millrace.protocol.batch.BatchHeader;
import io.millrace.storage.object.Footer.PartitionFooter;
import java.nio.ByteBuffer;

/** Records, bytes and hash sum of a set of batches: what a merge must preserve (invariant I7). */
final class BatchSums {
  private final BatchHash hash = new BatchHash();
  private long records;
  private long bytes;

  void add(ByteBuffer b, int at) {
    hash.add(b, at);
    records += BatchHeader.recordCount(b, at);
    bytes += BatchHeader.sizeBytes(b, at);
  }

  void add(PartitionFooter footer) {
    hash.add(footer.hashHigh(), footer.hashLow());
    records += footer.recordCount();
    bytes += footer.bytes();
  }

  void add(BatchSums other) {
    hash.add(other.hash.high(), other.hash.low());
    records += other.records;
    bytes += other.bytes;
  }

  void subtract(BatchSums other) {
    hash.subtract(other.hash.high(), other.hash.low());
    records -= other.records;
    bytes -= other.bytes;
  }

  long bytes() {
    return bytes;
  }

  boolean sameAs(BatchSums other) {
    return hash.high() == other.hash.high()
        && hash.low() == other.hash.low()
        && records == other.records
        && bytes == other.bytes;
  }

  @Override
  public String toString() {
    return "%d records, %d bytes, hash %016x%016x"
        .formatted(records, bytes, hash.high(), hash.low());
  }
}
