package io.millrace.storage.wal;

import io.millrace.storage.WriterId;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * Bytes of seals and of {@code fence/} objects; docs/formats/wal.md. They say nothing of who put
 * them, so whoever repeats a seal puts the same.
 */
public final class SealCodec {
  static final int SEAL_MAGIC = 0x4d534541;
  static final int FENCE_MAGIC = 0x4d46454e;
  static final int VERSION = 1;

  /** Size of a seal; every entry is larger. */
  public static final int SEAL_BYTES = 4 + 2 + 16 + 8 + 4;

  /** Size of a {@code fence/} object. */
  public static final int FENCE_BYTES = 4 + 2 + 16 + 4;

  private SealCodec() {}

  /** Takes the place of the entry with this number, so that the log cannot go on through it. */
  public static ByteBuffer seal(WriterId writer, long sequence) {
    ByteBuffer out = begin(SEAL_BYTES, SEAL_MAGIC, writer).putLong(sequence);
    return finish(out);
  }

  /** Tells an incarnation that it is over. */
  public static ByteBuffer fence(WriterId writer) {
    return finish(begin(FENCE_BYTES, FENCE_MAGIC, writer));
  }

  /** Whether an object is the seal of this number. */
  public static boolean isSeal(ByteBuffer body, WriterId writer, long sequence) {
    return body.equals(seal(writer, sequence));
  }

  private static ByteBuffer begin(int bytes, int magic, WriterId writer) {
    return ByteBuffer.allocate(bytes)
        .putInt(magic)
        .putShort((short) VERSION)
        .putLong(writer.high())
        .putLong(writer.low());
  }

  private static ByteBuffer finish(ByteBuffer out) {
    CRC32C crc = new CRC32C();
    crc.update(out.duplicate().flip());
    return out.putInt((int) crc.getValue()).flip();
  }
}
