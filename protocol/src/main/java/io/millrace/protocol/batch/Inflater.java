package io.millrace.protocol.batch;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.concurrent.ArrayBlockingQueue;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.utils.BufferSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Opens the records of compressed batches as streams; keeps the buffers this needs for the next
 * one. Safe for any thread.
 */
final class Inflater {
  private static final int BUFFER_BYTES = 16 << 10;
  private static final int SCRATCHES_MAX = 16;
  private static final int SNAPPY = 2;

  /** What one inflation at a time uses. */
  private static final class Scratch {
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private final BufferSupplier buffers = BufferSupplier.create();
  }

  private final ArrayBlockingQueue<Scratch> scratches = new ArrayBlockingQueue<>(SCRATCHES_MAX);

  /**
   * @throws IOException if the codec cannot make sense of the first bytes
   */
  Inflation open(ByteBuffer b, int at, int sizeBytes, long bytesMax) throws IOException {
    int start = at + BatchHeader.HEADER_BYTES;
    int codec = BatchHeader.compression(b, at);
    if (codec == SNAPPY) {
      SnappyFrames.check(b, start, at + sizeBytes);
    }
    Scratch scratch = scratches.poll();
    if (scratch == null) {
      scratch = new Scratch();
    }
    try {
      InputStream in =
          Compression.of(CompressionType.forId(codec))
              .build()
              .wrapForInput(
                  b.slice(start, sizeBytes - BatchHeader.HEADER_BYTES),
                  BatchHeader.MAGIC,
                  scratch.buffers);
      return new Inflation(in, scratch, bytesMax);
    } catch (KafkaException unreadable) {
      scratches.offer(scratch);
      throw new IOException(reason(unreadable), unreadable);
    }
  }

  private static @Nullable String reason(Throwable t) {
    return t.getCause() == null ? t.getMessage() : t.getCause().getMessage();
  }

  /** The records of one batch on their way out of a decompressor. */
  final class Inflation implements Closeable {
    private final InputStream in;
    private final Scratch scratch;
    private final InflatedRecordBytes bytes;

    private Inflation(InputStream in, Scratch scratch, long bytesMax) {
      this.in = in;
      this.scratch = scratch;
      this.bytes = new InflatedRecordBytes(in, scratch.buffer, bytesMax);
    }

    RecordBytes bytes() {
      return bytes;
    }

    @Override
    public void close() throws IOException {
      try {
        in.close();
      } finally {
        scratches.offer(scratch);
      }
    }
  }
}
