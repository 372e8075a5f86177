package io.millrace.broker.network;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import org.jspecify.annotations.Nullable;

/**
 * Cuts the byte stream of one connection into frames. Memory grows with what has been received,
 * never by what is announced. On the connection's loop.
 */
final class FrameAssembler {
  static final int LENGTH_BYTES = Integer.BYTES;
  private static final int FIRST_BYTES_MIN = 4 << 10;

  /** The announced size is negative or too large. */
  static final class FrameSizeException extends Exception {
    private static final long serialVersionUID = 1L;

    FrameSizeException(int size, int sizeMax) {
      super("a request of " + size + " bytes is announced, at most " + sizeMax + " are accepted");
    }
  }

  private final ByteBufAllocator allocator;
  private final int frameBytesMax;
  private int length;
  private int lengthBytes;
  private @Nullable ByteBuf frame;

  FrameAssembler(ByteBufAllocator allocator, int frameBytesMax) {
    this.allocator = allocator;
    this.frameBytesMax = frameBytesMax;
  }

  /**
   * Takes bytes until a frame is whole, which then belongs to the caller, or {@code in} is empty:
   * null.
   */
  @Nullable ByteBuf next(ByteBuf in) throws FrameSizeException {
    while (lengthBytes < LENGTH_BYTES) {
      if (!in.isReadable()) {
        return null;
      }
      length = length << 8 | in.readUnsignedByte();
      if (++lengthBytes == LENGTH_BYTES && (length < 0 || length > frameBytesMax)) {
        throw new FrameSizeException(length, frameBytesMax);
      }
    }
    ByteBuf whole = frame;
    if (whole == null) {
      if (length > 0 && !in.isReadable()) {
        return null;
      }
      whole =
          allocator.directBuffer(
              Math.min(length, Math.max(FIRST_BYTES_MIN, in.readableBytes())), length);
      frame = whole;
    }
    int part = Math.min(length - whole.writerIndex(), in.readableBytes());
    int needed = whole.writerIndex() + part;
    if (needed > whole.capacity()) {
      whole.capacity((int) Math.min(length, Math.max(needed, 2L * whole.capacity())));
    }
    whole.writeBytes(in, part);
    if (whole.writerIndex() < length) {
      return null;
    }
    frame = null;
    length = 0;
    lengthBytes = 0;
    return whole;
  }

  /** Whether the beginning of a frame is held. */
  boolean unfinished() {
    return lengthBytes > 0;
  }

  void release() {
    ByteBuf held = frame;
    frame = null;
    if (held != null) {
      held.release();
    }
  }
}
