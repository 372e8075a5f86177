package io.millrace.protocol.batch;

import java.nio.ByteBuffer;

/**
 * Field access to one record batch (magic 2) at a position of a big-endian buffer, without
 * allocation. Layout: Kafka documentation, "Record Batch". The caller has made sure that {@link
 * #HEADER_BYTES} bytes are there.
 */
public final class BatchHeader {
  public static final int BASE_OFFSET_AT = 0;
  public static final int LENGTH_AT = 8;
  public static final int LEADER_EPOCH_AT = 12;
  public static final int MAGIC_AT = 16;
  public static final int CRC_AT = 17;
  public static final int ATTRIBUTES_AT = 21;
  public static final int LAST_OFFSET_DELTA_AT = 23;
  public static final int BASE_TIMESTAMP_AT = 27;
  public static final int MAX_TIMESTAMP_AT = 35;
  public static final int PRODUCER_ID_AT = 43;
  public static final int PRODUCER_EPOCH_AT = 51;
  public static final int BASE_SEQUENCE_AT = 53;
  public static final int RECORD_COUNT_AT = 57;

  /** Bytes before the first record. */
  public static final int HEADER_BYTES = 61;

  /** Bytes of a batch that its length field does not count. */
  public static final int LENGTH_OVERHEAD = 12;

  public static final byte MAGIC = 2;

  private BatchHeader() {}

  public static long baseOffset(ByteBuffer b, int at) {
    return b.getLong(at + BASE_OFFSET_AT);
  }

  /**
   * Size of the whole batch in bytes, length overhead included. Unchecked: may be nonsense in
   * hostile bytes.
   */
  public static int sizeBytes(ByteBuffer b, int at) {
    return b.getInt(at + LENGTH_AT) + LENGTH_OVERHEAD;
  }

  public static int leaderEpoch(ByteBuffer b, int at) {
    return b.getInt(at + LEADER_EPOCH_AT);
  }

  public static byte magic(ByteBuffer b, int at) {
    return b.get(at + MAGIC_AT);
  }

  /** CRC32C of everything from the attributes to the end of the batch, as stored. */
  public static int crc(ByteBuffer b, int at) {
    return b.getInt(at + CRC_AT);
  }

  public static short attributes(ByteBuffer b, int at) {
    return b.getShort(at + ATTRIBUTES_AT);
  }

  public static int lastOffsetDelta(ByteBuffer b, int at) {
    return b.getInt(at + LAST_OFFSET_DELTA_AT);
  }

  public static long lastOffset(ByteBuffer b, int at) {
    return baseOffset(b, at) + lastOffsetDelta(b, at);
  }

  public static long baseTimestamp(ByteBuffer b, int at) {
    return b.getLong(at + BASE_TIMESTAMP_AT);
  }

  public static long maxTimestamp(ByteBuffer b, int at) {
    return b.getLong(at + MAX_TIMESTAMP_AT);
  }

  public static long producerId(ByteBuffer b, int at) {
    return b.getLong(at + PRODUCER_ID_AT);
  }

  public static short producerEpoch(ByteBuffer b, int at) {
    return b.getShort(at + PRODUCER_EPOCH_AT);
  }

  public static int baseSequence(ByteBuffer b, int at) {
    return b.getInt(at + BASE_SEQUENCE_AT);
  }

  /**
   * Sequence number of the last record; negative, as the first, if there are none. Sequences run
   * from 0 to 2^31-1 and begin again with 0.
   */
  public static int lastSequence(ByteBuffer b, int at) {
    int first = baseSequence(b, at);
    return first < 0 ? first : (int) (((long) first + lastOffsetDelta(b, at)) & Integer.MAX_VALUE);
  }

  public static int recordCount(ByteBuffer b, int at) {
    return b.getInt(at + RECORD_COUNT_AT);
  }

  /** Compression codec id, 0..4 (none, gzip, snappy, lz4, zstd); 5..7 are unknown. */
  public static int compression(ByteBuffer b, int at) {
    return attributes(b, at) & 0x07;
  }

  public static boolean logAppendTime(ByteBuffer b, int at) {
    return (attributes(b, at) & 0x08) != 0;
  }

  public static boolean transactional(ByteBuffer b, int at) {
    return (attributes(b, at) & 0x10) != 0;
  }

  public static boolean control(ByteBuffer b, int at) {
    return (attributes(b, at) & 0x20) != 0;
  }

  /** Writes the two fields the broker owns; the CRC does not cover them. */
  public static void assign(ByteBuffer b, int at, long baseOffset, int leaderEpoch) {
    b.putLong(at + BASE_OFFSET_AT, baseOffset);
    b.putInt(at + LEADER_EPOCH_AT, leaderEpoch);
  }

  /** The CRC32C the batch of {@code sizeBytes} bytes should carry. */
  public static int computeCrc(ByteBuffer b, int at, int sizeBytes) {
    java.util.zip.CRC32C crc = new java.util.zip.CRC32C();
    crc.update(b.slice(at + ATTRIBUTES_AT, sizeBytes - ATTRIBUTES_AT));
    return (int) crc.getValue();
  }
}
