package io.millrace.storage.wal;

import io.millrace.protocol.batch.BatchHeader;
import io.millrace.storage.PartitionId;
import io.millrace.storage.WriterId;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import org.apache.kafka.common.Uuid;

/**
 * Bytes of a WAL entry, as docs/formats/wal.md describes them. Decoding is strict: one wrong bit
 * and it is no entry.
 */
public final class WalEntryCodec {
  /** In a file, entries and the footer behind the last one begin at multiples of this. */
  public static final int ALIGNMENT = 4096;

  static final int MAGIC = 0x4d57414c;
  static final int VERSION = 1;

  /** Size of an entry's header. */
  public static final int HEADER_BYTES = 56;

  static final int INDEX_BYTES = 36;

  private static final int VERSION_AT = 4;
  private static final int FLAGS_AT = 6;
  private static final int WRITER_AT = 8;
  private static final int SEQUENCE_AT = 24;
  private static final int DURABLE_AT = 32;
  private static final int HEADER_AND_INDEX_AT = 40;
  private static final int PAYLOAD_AT = 44;
  private static final int COUNT_AT = 48;
  private static final int CRC_AT = 52;

  private WalEntryCodec() {}

  /** The next multiple of {@link #ALIGNMENT}. */
  public static long aligned(long bytes) {
    return (bytes + ALIGNMENT - 1) & -ALIGNMENT;
  }

  /** A copy as whole blocks, so that writing it reads nothing. */
  public static ByteBuffer wholeBlocks(ByteBuffer bytes) {
    ByteBuffer blocks = ByteBuffer.allocateDirect((int) aligned(bytes.remaining()));
    return blocks.put(0, bytes, bytes.position(), bytes.remaining());
  }

  /** Size of an entry without its padding. */
  static long sizeBytes(int batches, long payloadBytes) {
    return HEADER_BYTES + (long) INDEX_BYTES * batches + payloadBytes;
  }

  /** Where in the entry the first batch begins. */
  static int payloadPosition(int batches) {
    return HEADER_BYTES + INDEX_BYTES * batches;
  }

  /** Writes an entry at {@code at}; returns its size. The caller has made room. */
  static int encode(
      ByteBuffer out,
      int at,
      WriterId writer,
      long sequence,
      long durableSequence,
      List<? extends WalBatch> batches) {
    int index = at + HEADER_BYTES;
    int end = at + payloadPosition(batches.size());
    int payloadStart = end;
    for (WalBatch batch : batches) {
      ByteBuffer bytes = batch.bytes();
      int size = bytes.remaining();
      out.put(end, bytes, bytes.position(), size);
      PartitionId partition = batch.partition();
      out.putLong(index, partition.topicId().getMostSignificantBits());
      out.putLong(index + 8, partition.topicId().getLeastSignificantBits());
      out.putInt(index + 16, partition.partition());
      out.putInt(index + 20, BatchHeader.leaderEpoch(out, end));
      out.putLong(index + 24, BatchHeader.baseOffset(out, end));
      out.putInt(index + 32, size);
      index += INDEX_BYTES;
      end += size;
    }
    out.putInt(at, MAGIC);
    out.putShort(at + VERSION_AT, (short) VERSION);
    out.putShort(at + FLAGS_AT, (short) 0);
    out.putLong(at + WRITER_AT, writer.high());
    out.putLong(at + WRITER_AT + 8, writer.low());
    out.putLong(at + SEQUENCE_AT, sequence);
    out.putLong(at + DURABLE_AT, durableSequence);
    out.putInt(at + HEADER_AND_INDEX_AT, payloadStart - at);
    out.putInt(at + PAYLOAD_AT, end - payloadStart);
    out.putInt(at + COUNT_AT, batches.size());
    out.putInt(at + CRC_AT, 0);
    out.putInt(at + CRC_AT, crc(out, at, end - at));
    return end - at;
  }

  /** Zeros from {@code from} to {@code to}: the rest of an entry's last block in a file. */
  static void pad(ByteBuffer out, int from, int to) {
    for (int at = from; at < to; at++) {
      out.put(at, (byte) 0);
    }
  }

  /** What stands at a position, as far as the first {@link #HEADER_BYTES} tell without a CRC. */
  record Head(
      boolean magic,
      WriterId writer,
      long sequence,
      long durableSequence,
      long sizeBytes,
      long indexEnd,
      int batches) {
    /**
     * Whether memory may be taken for it: of this writer, and of a size that its batch count
     * allows.
     */
    boolean plausible(WriterId expected) {
      return magic && writer.equals(expected) && indexPlausible();
    }

    /** Whether its lengths agree, so that there may be an index of that many batches. */
    boolean indexPlausible() {
      return batches >= 0
          && indexEnd == HEADER_BYTES + (long) INDEX_BYTES * batches
          && sizeBytes >= indexEnd
          && indexEnd < 1 << 30;
    }
  }

  /** Reads the fields of a header that may be nonsense. */
  static Head head(ByteBuffer in, int at) {
    long headerAndIndex = Integer.toUnsignedLong(in.getInt(at + HEADER_AND_INDEX_AT));
    long payload = Integer.toUnsignedLong(in.getInt(at + PAYLOAD_AT));
    return new Head(
        in.getInt(at) == MAGIC,
        new WriterId(in.getLong(at + WRITER_AT), in.getLong(at + WRITER_AT + 8)),
        in.getLong(at + SEQUENCE_AT),
        in.getLong(at + DURABLE_AT),
        headerAndIndex + payload,
        headerAndIndex,
        in.getInt(at + COUNT_AT));
  }

  /** What decoding found. */
  public sealed interface Decoded {
    /** A whole entry. */
    record Whole(WalEntry entry) implements Decoded {}

    /** No entry of this writer; why, for people. */
    record Invalid(String reason) implements Decoded {}

    /** An intact entry whose format this program does not know. */
    record Newer(int version) implements Decoded {}
  }

  /** Decodes the entry of {@code writer} at {@code at}; it must end at or before {@code limit}. */
  public static Decoded decode(ByteBuffer in, int at, int limit, WriterId writer) {
    if (limit - at < HEADER_BYTES) {
      return new Decoded.Invalid("only %d bytes are left".formatted(limit - at));
    }
    Head head = head(in, at);
    if (!head.magic()) {
      return new Decoded.Invalid("it begins with %08x".formatted(in.getInt(at)));
    }
    if (!head.writer().equals(writer)) {
      return new Decoded.Invalid("it was written by incarnation " + head.writer());
    }
    if (head.sizeBytes() > limit - at || head.sizeBytes() < HEADER_BYTES) {
      return new Decoded.Invalid(
          "its length is %d, %d bytes are left".formatted(head.sizeBytes(), limit - at));
    }
    int size = (int) head.sizeBytes();
    int crc = crc(in, at, size);
    if (crc != in.getInt(at + CRC_AT)) {
      return new Decoded.Invalid(
          "its CRC32C is %08x, computed %08x".formatted(in.getInt(at + CRC_AT), crc));
    }
    int version = Short.toUnsignedInt(in.getShort(at + VERSION_AT));
    return version > VERSION ? new Decoded.Newer(version) : body(in, at, head, version);
  }

  private static Decoded body(ByteBuffer in, int at, Head head, int version) {
    if (version != VERSION || in.getShort(at + FLAGS_AT) != 0 || !head.indexPlausible()) {
      return new Decoded.Invalid("its header contradicts itself");
    }
    if (head.sequence() < 0
        || head.durableSequence() < -1
        || head.durableSequence() >= head.sequence()) {
      return new Decoded.Invalid(
          "its sequence numbers are %d, %d".formatted(head.sequence(), head.durableSequence()));
    }
    List<WalEntryBatch> batches = new ArrayList<>(head.batches());
    long position = head.indexEnd();
    for (int i = 0; i < head.batches(); i++) {
      WalEntryBatch batch = batch(in, at + HEADER_BYTES + i * INDEX_BYTES, position);
      boolean fits =
          batch.bytes() >= BatchHeader.HEADER_BYTES && position + batch.bytes() <= head.sizeBytes();
      if (!fits || !matches(in, at + (int) position, batch)) {
        return new Decoded.Invalid(
            "batch %d of %s is not as its index says".formatted(i, batch.partition()));
      }
      batches.add(batch);
      position += batch.bytes();
    }
    if (position != head.sizeBytes()) {
      return new Decoded.Invalid("%d bytes are in no batch".formatted(head.sizeBytes() - position));
    }
    return new Decoded.Whole(
        new WalEntry(
            head.sequence(), head.durableSequence(), (int) head.sizeBytes(), List.copyOf(batches)));
  }

  /**
   * What the index of a damaged entry says it held, as far as it lies within the buffer's limit;
   * may be nonsense or empty.
   */
  public static List<WalEntryBatch> suspected(ByteBuffer in, int at) {
    List<WalEntryBatch> found = new ArrayList<>();
    if (in.limit() - at >= HEADER_BYTES) {
      Head head = head(in, at);
      boolean readable = head.indexPlausible() && head.indexEnd() <= in.limit() - at;
      for (int i = 0; readable && i < head.batches(); i++) {
        found.add(batch(in, at + payloadPosition(i), 0));
      }
    }
    return found;
  }

  /**
   * The durable sequence in a header of {@code writer}'s that was not checked otherwise; -1 if none
   * begins here.
   */
  public static long durableSequence(ByteBuffer in, WriterId writer) {
    if (in.limit() < HEADER_BYTES) {
      return -1;
    }
    Head head = head(in, 0);
    return head.plausible(writer) ? head.durableSequence() : -1;
  }

  /** One element of the index, which may be nonsense. */
  static WalEntryBatch batch(ByteBuffer in, int indexAt, long position) {
    var partition =
        new PartitionId(
            new Uuid(in.getLong(indexAt), in.getLong(indexAt + 8)), in.getInt(indexAt + 16));
    return new WalEntryBatch(
        partition,
        in.getInt(indexAt + 20),
        in.getLong(indexAt + 24),
        (int) position,
        in.getInt(indexAt + 32));
  }

  private static boolean matches(ByteBuffer in, int at, WalEntryBatch batch) {
    return BatchHeader.magic(in, at) == BatchHeader.MAGIC
        && BatchHeader.sizeBytes(in, at) == batch.bytes()
        && BatchHeader.baseOffset(in, at) == batch.baseOffset()
        && BatchHeader.leaderEpoch(in, at) == batch.leaderEpoch()
        && BatchHeader.lastOffsetDelta(in, at) >= 0;
  }

  /** CRC32C of the entry with the CRC field taken as zero. */
  private static int crc(ByteBuffer in, int at, int size) {
    CRC32C crc = new CRC32C();
    crc.update(in.slice(at, CRC_AT));
    for (int i = 0; i < Integer.BYTES; i++) {
      crc.update(0);
    }
    crc.update(in.slice(at + CRC_AT + Integer.BYTES, size - CRC_AT - Integer.BYTES));
    return (int) crc.getValue();
  }
}
