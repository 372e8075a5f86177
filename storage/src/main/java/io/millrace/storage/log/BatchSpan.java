package io.millrace.storage.log;

import io.millrace.protocol.batch.BatchHeader;
import java.nio.ByteBuffer;
import org.apache.kafka.common.errors.CorruptRecordException;

/**
 * Walks the headers of whole batches that lie next to each other in a buffer, between two
 * positions.
 */
final class BatchSpan {
  private BatchSpan() {}

  /**
   * Position of the batch that holds {@code offset}, or of the first behind it; {@code to} if all
   * end before it.
   */
  static int find(ByteBuffer b, int from, int to, long offset) {
    int at = from;
    while (at < to && BatchHeader.lastOffset(b, at) < offset) {
      at = next(b, at, to);
    }
    return at;
  }

  /**
   * End of the batches from {@code from} that lie below {@code endOffset} and fit {@code bytesMax}.
   */
  static int end(ByteBuffer b, int from, int to, long endOffset, int bytesMax) {
    int at = from;
    while (at < to && BatchHeader.lastOffset(b, at) < endOffset) {
      int next = next(b, at, to);
      if (next - from > bytesMax) {
        break;
      }
      at = next;
    }
    return at;
  }

  /** Position behind the batch at {@code at}. */
  static int next(ByteBuffer b, int at, int to) {
    if (to - at < BatchHeader.HEADER_BYTES) {
      throw new CorruptRecordException(
          "A batch header is cut off after %d bytes.".formatted(to - at));
    }
    int size = BatchHeader.sizeBytes(b, at);
    if (size < BatchHeader.HEADER_BYTES || size > to - at) {
      throw new CorruptRecordException("A batch of %d bytes lies in %d.".formatted(size, to - at));
    }
    return at + size;
  }

  /**
   * Checks that dense batches [baseOffset, endOffset) with right checksums fill the buffer; for
   * bytes that come from a file.
   */
  static void verify(ByteBuffer b, long baseOffset, long endOffset) {
    long expected = baseOffset;
    for (int at = 0; at < b.limit(); ) {
      int next = next(b, at, b.limit());
      if (BatchHeader.baseOffset(b, at) != expected) {
        throw new CorruptRecordException(
            "Offset %d was expected, %d was read."
                .formatted(expected, BatchHeader.baseOffset(b, at)));
      }
      if (BatchHeader.computeCrc(b, at, next - at) != BatchHeader.crc(b, at)) {
        throw new CorruptRecordException(
            "The batch at offset %d has a wrong checksum.".formatted(expected));
      }
      expected = BatchHeader.lastOffset(b, at) + 1;
      at = next;
    }
    if (expected != endOffset) {
      throw new CorruptRecordException(
          "Batches end at offset %d, not %d.".formatted(expected, endOffset));
    }
  }
}
