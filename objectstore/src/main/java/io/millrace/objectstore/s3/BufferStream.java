package io.millrace.objectstore.s3;

import java.io.InputStream;
import java.nio.ByteBuffer;
import software.amazon.awssdk.core.sync.RequestBody;

/** Reads a buffer without copying it; the SDK reads a body once to sign and once to send. */
final class BufferStream extends InputStream {
  private final ByteBuffer source;
  private int mark;

  BufferStream(ByteBuffer source) {
    this.source = source.slice();
  }

  /** The remaining bytes of the buffer as they are when the request is made. */
  static RequestBody body(ByteBuffer source) {
    ByteBuffer bytes = source.slice();
    return RequestBody.fromContentProvider(
        () -> new BufferStream(bytes), bytes.remaining(), "application/octet-stream");
  }

  @Override
  public int read() {
    return source.hasRemaining() ? source.get() & 0xff : -1;
  }

  @Override
  public int read(byte[] target, int offset, int length) {
    if (length == 0) {
      return 0;
    }
    if (!source.hasRemaining()) {
      return -1;
    }
    int count = Math.min(length, source.remaining());
    source.get(target, offset, count);
    return count;
  }

  @Override
  public int available() {
    return source.remaining();
  }

  @Override
  public boolean markSupported() {
    return true;
  }

  @Override
  public void mark(int readLimit) {
    mark = source.position();
  }

  @Override
  public void reset() {
    source.position(mark);
  }
}
