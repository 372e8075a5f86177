package io.millrace.protocol.batch;

import java.io.EOFException;
import java.io.IOException;

/**
 * The records of a batch read forward, from memory or through a decompressor. Reading past the end
 * throws {@link EOFException}; a varint of too many bytes is told by {@link MalformedException}.
 */
abstract class RecordBytes {
  /** Not even the shape of a record. */
  static final class MalformedException extends IOException {
    private static final long serialVersionUID = 1L;

    MalformedException(String message) {
      super(message);
    }
  }

  abstract byte get() throws IOException;

  abstract void skip(int bytes) throws IOException;

  /** Bytes read so far. */
  abstract long position();

  /** Upper bound of the bytes that may follow. */
  abstract long remainingMax();

  abstract boolean atEnd() throws IOException;

  /** Zig-zag encoded, at most five bytes. */
  final int varint() throws IOException {
    int value = 0;
    for (int shift = 0; shift <= 28; shift += 7) {
      byte b = get();
      value |= (b & 0x7f) << shift;
      if (b >= 0) {
        return (value >>> 1) ^ -(value & 1);
      }
    }
    throw new MalformedException("a 32-bit varint has more than five bytes");
  }

  /** Zig-zag encoded, at most ten bytes. */
  final long varlong() throws IOException {
    long value = 0;
    for (int shift = 0; shift <= 63; shift += 7) {
      byte b = get();
      value |= (b & 0x7fL) << shift;
      if (b >= 0) {
        return (value >>> 1) ^ -(value & 1);
      }
    }
    throw new MalformedException("a 64-bit varint has more than ten bytes");
  }
}
