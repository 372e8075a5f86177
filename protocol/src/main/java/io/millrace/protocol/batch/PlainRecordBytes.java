package io.millrace.protocol.batch;

import java.io.EOFException;
import java.nio.ByteBuffer;

/** Uncompressed records, read in place. */
final class PlainRecordBytes extends RecordBytes {
  private final ByteBuffer buffer;
  private final int start;
  private final int end;
  private int at;

  PlainRecordBytes(ByteBuffer buffer, int start, int end) {
    this.buffer = buffer;
    this.start = start;
    this.end = end;
    this.at = start;
  }

  @Override
  byte get() throws EOFException {
    if (at >= end) {
      throw new EOFException();
    }
    return buffer.get(at++);
  }

  @Override
  void skip(int bytes) throws EOFException {
    if (bytes > end - at) {
      throw new EOFException();
    }
    at += bytes;
  }

  @Override
  long position() {
    return (long) at - start;
  }

  @Override
  long remainingMax() {
    return (long) end - at;
  }

  @Override
  boolean atEnd() {
    return at == end;
  }
}
