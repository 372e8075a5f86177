package io.millrace.storage.compaction;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.record.internal.Record;
import org.jspecify.annotations.Nullable;

/**
 * Number and hash sum of a set of records: offset, timestamp, key, value and headers of each
 * (invariant I7). Sums of disjoint sets add up, whatever batches the records are in. Not
 * thread-safe.
 */
public final class RecordSums {
  private static final long SEED_HIGH = 0x243f6a8885a308d3L;
  private static final long SEED_LOW = 0x13198a2e03707344L;

  private final CRC32C crc = new CRC32C();
  private long records;
  private long high;
  private long low;

  public void add(Record record) {
    long place = mix(record.offset()) ^ record.timestamp();
    long content = pair(crc(record.key()), crc(record.value()));
    long sizes = pair(record.keySize(), record.valueSize());
    long headers = headers(record.headers());
    records++;
    high += lane(SEED_HIGH, place, content, sizes, headers);
    low += lane(SEED_LOW, place, content, sizes, headers);
  }

  public long records() {
    return records;
  }

  public boolean sameAs(RecordSums other) {
    return records == other.records && high == other.high && low == other.low;
  }

  @Override
  public String toString() {
    return "%d records, hash %016x%016x".formatted(records, high, low);
  }

  private int crc(@Nullable ByteBuffer bytes) {
    crc.reset();
    if (bytes != null) {
      crc.update(bytes.duplicate());
    }
    return (int) crc.getValue();
  }

  private long headers(Header[] headers) {
    long h = headers.length;
    for (Header header : headers) {
      byte[] value = header.value();
      h = mix(h ^ crc(ByteBuffer.wrap(header.key().getBytes(StandardCharsets.UTF_8))));
      h = mix(h ^ (value == null ? -1 : pair(value.length, crc(ByteBuffer.wrap(value)))));
    }
    return h;
  }

  private static long lane(long seed, long place, long content, long sizes, long headers) {
    return mix(mix(mix(mix(seed ^ place) ^ content) ^ sizes) ^ headers);
  }

  private static long pair(int first, int second) {
    return ((long) first << 32) | (second & 0xffffffffL);
  }

  /** The finalizer of MurmurHash3 after an odd step, so that zero words change the state too. */
  private static long mix(long z) {
    long s = z + 0x9e3779b97f4a7c15L;
    s = (s ^ (s >>> 33)) * 0xff51afd7ed558ccdL;
    s = (s ^ (s >>> 33)) * 0xc4ceb9fe1a85ec53L;
    return s ^ (s >>> 33);
  }
}
