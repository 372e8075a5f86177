package io.millrace.protocol.batch;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import org.apache.kafka.common.errors.RecordTooLargeException;

/** Records as they come out of a decompressor, through one small buffer and up to a limit. */
final class InflatedRecordBytes extends RecordBytes {
  private final InputStream in;
  private final byte[] buffer;
  private final long bytesMax;
  private long before;
  private int at;
  private int end;

  InflatedRecordBytes(InputStream in, byte[] buffer, long bytesMax) {
    this.in = in;
    this.buffer = buffer;
    this.bytesMax = bytesMax;
  }

  @Override
  byte get() throws IOException {
    if (at == end && !fill()) {
      throw new EOFException();
    }
    return buffer[at++];
  }

  @Override
  void skip(int bytes) throws IOException {
    int left = bytes;
    while (left > end - at) {
      left -= end - at;
      at = end;
      if (!fill()) {
        throw new EOFException();
      }
    }
    at += left;
  }

  @Override
  long position() {
    return before + at;
  }

  @Override
  long remainingMax() {
    return bytesMax - position();
  }

  @Override
  boolean atEnd() throws IOException {
    return at == end && !fill();
  }

  private boolean fill() throws IOException {
    before += end;
    at = 0;
    end = 0;
    int count;
    do {
      count = in.read(buffer);
    } while (count == 0);
    if (count < 0) {
      return false;
    }
    end = count;
    if (before + end > bytesMax) {
      throw new RecordTooLargeException(
          "The batch decompresses to more than " + bytesMax + " bytes; send smaller batches.");
    }
    return true;
  }
}
