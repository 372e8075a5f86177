package io.millrace.protocol.batch;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.utils.ByteBufferOutputStream;
import org.apache.kafka.common.utils.ByteUtils;

/** Makes batches for tests: good ones as a client does, bad ones byte by byte. */
final class Batches {
  static final long NOW = 1_700_000_000_000L;

  private Batches() {}

  static ByteBuffer built(Compression compression, long timestamp, int count) {
    try (MemoryRecordsBuilder b =
        new MemoryRecordsBuilder(
            ByteBuffer.allocate(1024),
            (byte) 2,
            compression,
            TimestampType.CREATE_TIME,
            0,
            -1,
            -1,
            (short) -1,
            -1,
            false,
            false,
            -1,
            1 << 20)) {
      for (int i = 0; i < count; i++) {
        Header[] headers = {new RecordHeader("h", new byte[] {1, 2})};
        b.append(timestamp + i, ("k" + i).getBytes(UTF_8), ("value" + i).getBytes(UTF_8), headers);
      }
      ByteBuffer built = b.build().buffer();
      return ByteBuffer.allocate(built.remaining()).put(built).flip();
    }
  }

  /** A batch with correct length and CRC around record bytes as they are. */
  static ByteBuffer around(int count, Compression codec, byte[]... records) {
    byte[] body = compressed(codec, concat(records));
    return aroundRaw(count, codec.type().id, body);
  }

  static ByteBuffer aroundRaw(int count, int codecId, byte[] body) {
    ByteBuffer b = ByteBuffer.allocate(BatchHeader.HEADER_BYTES + body.length);
    b.putInt(BatchHeader.LEADER_EPOCH_AT, -1).put(BatchHeader.MAGIC_AT, BatchHeader.MAGIC);
    b.putShort(BatchHeader.ATTRIBUTES_AT, (short) codecId);
    b.putInt(BatchHeader.LAST_OFFSET_DELTA_AT, count - 1)
        .putInt(BatchHeader.RECORD_COUNT_AT, count);
    b.putLong(BatchHeader.BASE_TIMESTAMP_AT, NOW).putLong(BatchHeader.MAX_TIMESTAMP_AT, NOW);
    b.putLong(BatchHeader.PRODUCER_ID_AT, -1).putShort(BatchHeader.PRODUCER_EPOCH_AT, (short) -1);
    b.putInt(BatchHeader.BASE_SEQUENCE_AT, -1);
    b.put(BatchHeader.HEADER_BYTES, body);
    b.putInt(BatchHeader.LENGTH_AT, b.limit() - BatchHeader.LENGTH_OVERHEAD);
    return sealed(b);
  }

  static ByteBuffer sealed(ByteBuffer b) {
    return b.putInt(BatchHeader.CRC_AT, BatchHeader.computeCrc(b, 0, b.limit()));
  }

  static byte[] record(int offsetDelta) {
    return record(bytes(0, 0, offsetDelta, 1, "k", 1, "v", 0));
  }

  static byte[] record(byte[] body) {
    return concat(bytes(body.length), body);
  }

  /** The first number as a byte, further ones as varints, strings and byte arrays as they are. */
  static byte[] fields(Object... parts) {
    return bytes(parts);
  }

  private static byte[] bytes(Object... parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (DataOutputStream data = new DataOutputStream(out)) {
      for (Object part : parts) {
        switch (part) {
          case Integer i -> ByteUtils.writeVarint(i, data);
          case String s -> data.writeBytes(s);
          case byte[] raw -> data.write(raw);
          default -> throw new IllegalArgumentException(part.toString());
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  static byte[] concat(byte[]... parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }

  static byte[] compressed(Compression codec, byte[] body) {
    ByteBufferOutputStream out = new ByteBufferOutputStream(1024);
    try (OutputStream wrapped = codec.wrapForOutput(out, BatchHeader.MAGIC)) {
      wrapped.write(body);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    ByteBuffer b = out.buffer().flip();
    byte[] result = new byte[b.remaining()];
    b.get(result);
    return result;
  }
}
