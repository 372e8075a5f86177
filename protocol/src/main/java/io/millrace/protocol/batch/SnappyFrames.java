package io.millrace.protocol.batch;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Looks over the chunks of a snappy stream before the library reads it, because the library
 * allocates by the sizes a chunk announces. What the library reports without allocating is left to
 * it.
 */
final class SnappyFrames {
  private static final long STREAM_MAGIC = 0x82534e4150505900L;
  private static final int STREAM_HEADER_BYTES = 16;

  /** A copy of up to 64 bytes takes three: no valid chunk grows by more. */
  private static final long GROWTH_MAX = 22;

  private SnappyFrames() {}

  static void check(ByteBuffer b, int start, int end) throws IOException {
    int at = start;
    if (end - at < STREAM_HEADER_BYTES || b.getLong(at) != STREAM_MAGIC) {
      checkChunk(b, at, end);
      return;
    }
    while (end - at >= Integer.BYTES) {
      if (end - at >= STREAM_HEADER_BYTES && b.getLong(at) == STREAM_MAGIC) {
        at += STREAM_HEADER_BYTES;
        continue;
      }
      int size = b.getInt(at);
      at += Integer.BYTES;
      if (size < 0 || size > end - at) {
        throw new IOException(
            "a snappy chunk of " + size + " bytes where " + (end - at) + " are left");
      }
      checkChunk(b, at, at + size);
      at += size;
    }
  }

  private static void checkChunk(ByteBuffer b, int start, int end) throws IOException {
    long announced = 0;
    int at = start;
    for (int shift = 0; shift < 35 && at < end; shift += 7) {
      byte part = b.get(at++);
      announced |= (part & 0x7fL) << shift;
      if (part >= 0) {
        break;
      }
    }
    if (announced > (end - start) * GROWTH_MAX + 64) {
      throw new IOException(
          "a snappy chunk of " + (end - start) + " bytes announces " + announced + " bytes");
    }
  }
}
