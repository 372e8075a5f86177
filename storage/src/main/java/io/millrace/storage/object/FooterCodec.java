package io.millrace.storage.object;

import io.millrace.storage.PartitionId;
import io.millrace.storage.object.Footer.AbortedTransaction;
import io.millrace.storage.object.Footer.EpochStart;
import io.millrace.storage.object.Footer.PartitionFooter;
import io.millrace.storage.object.Footer.ProducerSnapshot;
import io.millrace.storage.object.Footer.Run;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of footers; docs/formats/objects.md. Decoding takes nothing on trust: what it gives is
 * internally consistent.
 */
public final class FooterCodec {
  /** "MFTR". */
  public static final int MAGIC = 0x4d465452;

  /** Of footers without compacted parts. */
  public static final int VERSION = 1;

  /** Of those with one: each part says up to where it was compacted. */
  static final int VERSION_COMPACTED = 2;

  /** Magic, version, flags, length of the whole footer, number of partitions. */
  public static final int HEADER_BYTES = 4 + 2 + 2 + 4 + 4;

  /** The CRC. */
  static final int TRAILER_BYTES = 4;

  static final int PARTITION_BYTES = 20 + 8 + 8 + 8 + 8 + 16 + 8 + 8 + 4 * 4;
  static final int COMPACTED_BYTES = 8;
  static final int EPOCH_BYTES = 4 + 8;
  static final int ABORTED_BYTES = 8 + 8 + 8;
  static final int RUN_BYTES_MAX = 5 * 10;
  private static final int RUN_BYTES_MIN = 5;

  private FooterCodec() {}

  public static EncodedFooter encode(Footer footer) {
    if (footer.partitions().isEmpty()) {
      throw new IllegalArgumentException("a footer has at least one partition");
    }
    int version =
        footer.partitions().stream().anyMatch(PartitionFooter::isCompacted)
            ? VERSION_COMPACTED
            : VERSION;
    int size =
        Math.toIntExact(
            HEADER_BYTES
                + TRAILER_BYTES
                + footer.partitions().stream().mapToLong(p -> bytes(version, p)).sum());
    ByteBuffer out = ByteBuffer.allocate(size);
    out.putInt(MAGIC);
    out.putShort((short) version);
    out.putShort((short) 0);
    out.putInt(size);
    out.putInt(footer.partitions().size());
    footer.partitions().forEach(p -> put(out, version, p));
    int crc = crc(out.array(), out.position());
    out.putInt(crc);
    out.flip();
    return new EncodedFooter(
        out, crc, footer.partitions().getFirst(), footer.partitions().getLast());
  }

  /**
   * Length of the footer that begins at the buffer's position, from its header; -1 if no footer of
   * a known version begins there. Only for finding it: {@link #decode} checks it.
   */
  public static int lengthAt(ByteBuffer b) {
    int at = b.position();
    if (b.remaining() < HEADER_BYTES || b.getInt(at) != MAGIC || !isKnown(b.getShort(at + 4))) {
      return -1;
    }
    int length = b.getInt(at + 8);
    return length >= HEADER_BYTES + TRAILER_BYTES ? length : -1;
  }

  /**
   * Decodes the whole of {@code body}.
   *
   * @param name of the object, for messages
   * @throws ObjectCorruptException if it is not a footer with a right CRC and consistent fields
   */
  public static Footer decode(String name, ByteBuffer body) {
    ByteBuffer b = body.slice();
    if (b.remaining() < HEADER_BYTES + TRAILER_BYTES) {
      throw new ObjectCorruptException(
          "%s is corrupt: a footer of %d bytes".formatted(name, b.remaining()));
    }
    int end = b.limit() - TRAILER_BYTES;
    CRC32C crc = new CRC32C();
    crc.update(b.slice(0, end));
    ByteCursor in = new ByteCursor("the footer of " + name, b.limit(end));
    if ((int) crc.getValue() != body.getInt(body.limit() - TRAILER_BYTES)) {
      throw in.corrupt("its CRC32C is wrong");
    }
    int magic = in.i32();
    int version = in.i16();
    int flags = in.i16();
    if (magic != MAGIC || !isKnown(version) || flags != 0 || in.i32() != end + TRAILER_BYTES) {
      throw in.corrupt("magic %08x, version %d, flags %x".formatted(magic, version, flags));
    }
    int count = in.count(partitionBytes(version));
    List<PartitionFooter> partitions = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      PartitionFooter next = readPartition(in, version);
      if (i > 0 && !follows(partitions.get(i - 1), next)) {
        throw in.corrupt("partition %s is out of order".formatted(next.partition()));
      }
      partitions.add(next);
    }
    in.end();
    return new Footer(List.copyOf(partitions));
  }

  private static boolean isKnown(int version) {
    return version == VERSION || version == VERSION_COMPACTED;
  }

  private static int partitionBytes(int version) {
    return PARTITION_BYTES + (version == VERSION ? 0 : COMPACTED_BYTES);
  }

  private static boolean follows(PartitionFooter before, PartitionFooter next) {
    int c = before.partition().compareTo(next.partition());
    long gap = next.baseOffset() - before.endOffset();
    return c < 0
        || (c == 0 && (gap > 0 || (gap == 0 && before.compactedTo() != next.compactedTo())));
  }

  private static long bytes(int version, PartitionFooter p) {
    long runs = 0;
    Run before = null;
    for (Run run : p.runs()) {
      runs += runBytes(before, run);
      before = run;
    }
    return partitionBytes(version)
        + (long) p.epochs().size() * EPOCH_BYTES
        + (long) p.abortedTransactions().size() * ABORTED_BYTES
        + p.producers().stream().mapToLong(ProducerCodec::bytes).sum()
        + runs;
  }

  private static void put(ByteBuffer out, int version, PartitionFooter p) {
    ByteCursor.putPartition(out, p.partition());
    out.putLong(p.baseOffset());
    out.putLong(p.endOffset());
    out.putLong(p.recordCount());
    out.putLong(p.bytes());
    out.putLong(p.hashHigh());
    out.putLong(p.hashLow());
    out.putLong(p.maxTimestamp());
    out.putLong(p.maxTimestampOffset());
    if (version != VERSION) {
      out.putLong(p.compactedTo());
    }
    out.putInt(p.epochs().size());
    out.putInt(p.abortedTransactions().size());
    out.putInt(p.producers().size());
    out.putInt(p.runs().size());
    for (EpochStart e : p.epochs()) {
      out.putInt(e.leaderEpoch());
      out.putLong(e.startOffset());
    }
    for (AbortedTransaction t : p.abortedTransactions()) {
      out.putLong(t.producerId());
      out.putLong(t.firstOffset());
      out.putLong(t.lastOffset());
    }
    p.producers().forEach(producer -> ProducerCodec.put(out, producer));
    Run before = null;
    for (Run run : p.runs()) {
      putRun(out, before, run);
      before = run;
    }
  }

  private static PartitionFooter readPartition(ByteCursor in, int version) {
    PartitionId id = in.partition();
    long baseOffset = in.i64();
    long endOffset = in.i64();
    long recordCount = in.i64();
    long bytes = in.i64();
    long hashHigh = in.i64();
    long hashLow = in.i64();
    long maxTimestamp = in.i64();
    long maxTimestampOffset = in.i64();
    long compactedTo = version == VERSION ? 0 : in.i64();
    int epochCount = in.count(EPOCH_BYTES);
    int abortedCount = in.count(ABORTED_BYTES);
    int producerCount = in.count(ProducerCodec.PRODUCER_BYTES);
    int runCount = in.count(RUN_BYTES_MIN);
    List<EpochStart> epochs = new ArrayList<>(epochCount);
    for (int i = 0; i < epochCount; i++) {
      epochs.add(new EpochStart(in.i32(), in.i64()));
    }
    List<AbortedTransaction> aborted = new ArrayList<>(abortedCount);
    for (int i = 0; i < abortedCount; i++) {
      aborted.add(new AbortedTransaction(in.i64(), in.i64(), in.i64()));
    }
    List<ProducerSnapshot> producers = new ArrayList<>(producerCount);
    for (int i = 0; i < producerCount; i++) {
      producers.add(ProducerCodec.read(in));
    }
    List<Run> runs = new ArrayList<>(runCount);
    for (int i = 0; i < runCount; i++) {
      runs.add(readRun(in, runs.isEmpty() ? null : runs.getLast()));
    }
    PartitionFooter footer =
        new PartitionFooter(
            id,
            baseOffset,
            endOffset,
            recordCount,
            bytes,
            hashHigh,
            hashLow,
            maxTimestamp,
            maxTimestampOffset,
            compactedTo,
            List.copyOf(epochs),
            List.copyOf(aborted),
            List.copyOf(producers),
            List.copyOf(runs));
    check(in, footer);
    return footer;
  }

  private static void check(ByteCursor in, PartitionFooter p) {
    long runBytes = p.runs().stream().mapToLong(Run::bytes).sum();
    boolean whole =
        !p.runs().isEmpty()
            && !p.epochs().isEmpty()
            && p.baseOffset() >= 0
            && p.recordCount() >= 0
            && (p.compactedTo() == 0 || p.compactedTo() >= p.endOffset())
            && p.bytes() == runBytes
            && p.runs().getFirst().baseOffset() == p.baseOffset()
            && p.runs().getLast().endOffset() == p.endOffset()
            && p.epochs().getFirst().startOffset() == p.baseOffset();
    if (!whole) {
      throw in.corrupt("the parts about %s contradict each other".formatted(p.partition()));
    }
  }

  /** Bytes a run takes behind {@code before}: differences to it, so most fit a few bytes. */
  static int runBytes(@Nullable Run before, Run run) {
    return ByteCursor.varlongBytes(run.baseOffset() - endOffset(before))
        + ByteCursor.varlongBytes(run.endOffset() - run.baseOffset())
        + ByteCursor.varlongBytes(run.position() - endPosition(before))
        + ByteCursor.varlongBytes(run.bytes())
        + ByteCursor.varlongBytes(ByteCursor.toZigzag(run.maxTimestamp() - maxTimestamp(before)));
  }

  private static void putRun(ByteBuffer out, @Nullable Run before, Run run) {
    ByteCursor.putVarlong(out, run.baseOffset() - endOffset(before));
    ByteCursor.putVarlong(out, run.endOffset() - run.baseOffset());
    ByteCursor.putVarlong(out, run.position() - endPosition(before));
    ByteCursor.putVarlong(out, run.bytes());
    ByteCursor.putVarlong(out, ByteCursor.toZigzag(run.maxTimestamp() - maxTimestamp(before)));
  }

  private static Run readRun(ByteCursor in, @Nullable Run before) {
    long base = endOffset(before) + in.varlong();
    long end = base + in.varlong();
    long position = endPosition(before) + in.varlong();
    long bytes = in.varlong();
    long timestamp = maxTimestamp(before) + in.zigzag();
    boolean gap = before != null && base != before.endOffset();
    if (gap
        || base < 0
        || end <= base
        || position < endPosition(before)
        || bytes <= 0
        || bytes > Integer.MAX_VALUE
        || position > Long.MAX_VALUE - bytes) {
      throw in.corrupt(
          "a run of %d bytes at %d with offsets [%d, %d)".formatted(bytes, position, base, end));
    }
    return new Run(base, end, position, (int) bytes, timestamp);
  }

  private static long endOffset(@Nullable Run run) {
    return run == null ? 0 : run.endOffset();
  }

  private static long endPosition(@Nullable Run run) {
    return run == null ? 0 : run.endPosition();
  }

  private static long maxTimestamp(@Nullable Run run) {
    return run == null ? 0 : run.maxTimestamp();
  }

  private static int crc(byte[] bytes, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, length);
    return (int) crc.getValue();
  }
}
