package io.millrace.protocol.batch;

import io.millrace.protocol.batch.BatchVerdict.Accepted;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.errors.UnknownServerException;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.utils.ByteBufferOutputStream;
import org.apache.kafka.common.utils.ByteUtils;
import org.jspecify.annotations.Nullable;

/**
 * Changes what a broker must change in an accepted batch before it is appended: codec, offset
 * deltas that are not dense, a max timestamp that does not fit the records, append time. Most
 * batches pass untouched.
 */
public final class BatchRewriter {
  private static final int TIMESTAMP_TYPE_BIT = 0x08;
  private static final int CODEC_BITS = 0x07;

  private final Inflater inflater = new Inflater();

  /**
   * The batch to append, position 0 to limit: the given bytes (changed in place if need be) or new
   * ones.
   *
   * @param target the topic's codec; null keeps the producer's
   * @throws org.apache.kafka.common.errors.RecordTooLargeException if it is too large in the
   *     topic's codec
   */
  public ByteBuffer prepare(
      ByteBuffer records, Accepted accepted, @Nullable Compression target, BatchRules rules) {
    ByteBuffer batch = records.slice(records.position(), accepted.sizeBytes());
    int codec = BatchHeader.compression(batch, 0);
    Compression compression = target;
    if (compression == null) {
      compression = Compression.of(CompressionType.forId(codec)).build();
    }
    boolean keepsCodec = compression.type().id == codec;
    if (keepsCodec && accepted.dense()) {
      stampTimestamps(batch, 0, accepted.sizeBytes(), false, accepted.maxTimestamp());
      return batch;
    }
    if (keepsCodec && codec != 0) {
      throw new UnknownServerException(
          "The offset deltas of the compressed records are not 0, 1, 2, ...");
    }
    if (compression.type() == CompressionType.NONE
        && accepted.recordsBytes() + BatchHeader.HEADER_BYTES > rules.batchBytesMax()) {
      throw BatchValidator.tooLarge(accepted.recordsBytes() + BatchHeader.HEADER_BYTES, rules);
    }
    ByteBuffer rewritten = rewrite(batch, accepted, compression);
    if (rewritten.limit() > rules.batchBytesMax()) {
      throw BatchValidator.tooLarge(rewritten.limit(), rules);
    }
    return rewritten;
  }

  /** Makes {@code appendTimeMs} the timestamp of all records of the batch, in place. */
  public static void stampAppendTime(ByteBuffer b, int at, int sizeBytes, long appendTimeMs) {
    stampTimestamps(b, at, sizeBytes, true, appendTimeMs);
  }

  private static void stampTimestamps(
      ByteBuffer b, int at, int sizeBytes, boolean appendTime, long maxTimestamp) {
    if (BatchHeader.logAppendTime(b, at) == appendTime
        && BatchHeader.maxTimestamp(b, at) == maxTimestamp) {
      return;
    }
    int attributes = BatchHeader.attributes(b, at) & ~TIMESTAMP_TYPE_BIT;
    b.putShort(
        at + BatchHeader.ATTRIBUTES_AT,
        (short) (appendTime ? attributes | TIMESTAMP_TYPE_BIT : attributes));
    b.putLong(at + BatchHeader.MAX_TIMESTAMP_AT, maxTimestamp);
    b.putInt(at + BatchHeader.CRC_AT, BatchHeader.computeCrc(b, at, sizeBytes));
  }

  private ByteBuffer rewrite(ByteBuffer batch, Accepted accepted, Compression compression) {
    ByteBufferOutputStream out = new ByteBufferOutputStream(batch.limit() + 512);
    out.write(batch.slice(0, BatchHeader.HEADER_BYTES));
    try (DataOutputStream records =
        new DataOutputStream(compression.wrapForOutput(out, BatchHeader.MAGIC))) {
      if (BatchHeader.compression(batch, 0) == 0) {
        copy(
            new PlainRecordBytes(batch, BatchHeader.HEADER_BYTES, batch.limit()),
            accepted,
            records);
      } else {
        try (Inflater.Inflation in =
            inflater.open(batch, 0, batch.limit(), accepted.recordsBytes())) {
          copy(in.bytes(), accepted, records);
        }
      }
    } catch (IOException e) {
      // The validator has read the same bytes to their end.
      throw new UnknownServerException("The records cannot be read a second time.", e);
    }
    ByteBuffer b = out.buffer().flip().slice();
    int attributes = BatchHeader.attributes(b, 0) & ~CODEC_BITS;
    b.putInt(BatchHeader.LENGTH_AT, b.limit() - BatchHeader.LENGTH_OVERHEAD);
    b.putShort(BatchHeader.ATTRIBUTES_AT, (short) (attributes | compression.type().id));
    b.putInt(BatchHeader.CRC_AT, BatchHeader.computeCrc(b, 0, b.limit()));
    stampTimestamps(b, 0, b.limit(), false, accepted.maxTimestamp());
    return b;
  }

  private static void copy(RecordBytes in, Accepted accepted, DataOutputStream out)
      throws IOException {
    byte[] buffer = new byte[4096];
    if (accepted.dense()) {
      copyBytes(in, accepted.recordsBytes(), out, buffer);
      return;
    }
    for (int i = 0; i < accepted.recordCount(); i++) {
      int size = in.varint();
      long start = in.position();
      byte attributes = in.get();
      long timestampDelta = in.varlong();
      in.varint(); // the offset delta it had
      long rest = size - (in.position() - start);
      // Not derived from the old size: clients may write a number with more bytes than it needs.
      ByteUtils.writeVarint(
          Math.toIntExact(
              1 + ByteUtils.sizeOfVarlong(timestampDelta) + ByteUtils.sizeOfVarint(i) + rest),
          out);
      out.writeByte(attributes);
      ByteUtils.writeVarlong(timestampDelta, out);
      ByteUtils.writeVarint(i, out);
      copyBytes(in, rest, out, buffer);
    }
  }

  private static void copyBytes(RecordBytes in, long count, DataOutputStream out, byte[] buffer)
      throws IOException {
    long left = count;
    while (left > 0) {
      int part = (int) Math.min(left, buffer.length);
      for (int i = 0; i < part; i++) {
        buffer[i] = in.get();
      }
      out.write(buffer, 0, part);
      left -= part;
    }
  }
}
