package io.millrace.protocol.batch;

import java.nio.ByteBuffer;
import org.apache.kafka.common.errors.CorruptRecordException;

/**
 * Steps over batches that lie back to back in a buffer, between position and limit, without
 * touching either. Checks that each is whole and of magic 2; its contents only on demand.
 */
public final class BatchCursor {
  private final ByteBuffer buffer;
  private final int end;
  private int at;
  private int sizeBytes;

  public BatchCursor(ByteBuffer buffer) {
    this.buffer = buffer;
    this.at = buffer.position();
    this.end = buffer.limit();
  }

  /**
   * Moves to the next batch; false at the end.
   *
   * @throws CorruptRecordException if what follows is not a whole batch
   */
  public boolean next() {
    at += sizeBytes;
    sizeBytes = 0;
    if (at == end) {
      return false;
    }
    int left = end - at;
    if (left < BatchHeader.HEADER_BYTES) {
      throw new CorruptRecordException(
          left + " bytes at position " + at + " are less than a batch.");
    }
    int length = buffer.getInt(at + BatchHeader.LENGTH_AT);
    if (length < BatchHeader.HEADER_BYTES - BatchHeader.LENGTH_OVERHEAD
        || length > left - BatchHeader.LENGTH_OVERHEAD
        || BatchHeader.magic(buffer, at) != BatchHeader.MAGIC) {
      throw new CorruptRecordException(
          "The batch at position %d has length %d and magic %d where %d bytes are left."
              .formatted(at, length, BatchHeader.magic(buffer, at), left));
    }
    sizeBytes = length + BatchHeader.LENGTH_OVERHEAD;
    return true;
  }

  /** Where in the buffer the batch begins, for {@link BatchHeader}. */
  public int position() {
    return at;
  }

  public int sizeBytes() {
    return sizeBytes;
  }

  /**
   * Compares the batch's CRC with its bytes.
   *
   * @throws CorruptRecordException if they differ
   */
  public void checkCrc() {
    if (BatchHeader.crc(buffer, at) != BatchHeader.computeCrc(buffer, at, sizeBytes)) {
      throw new CorruptRecordException(
          "The CRC of the batch at position %d, base offset %d, does not match its %d bytes."
              .formatted(at, BatchHeader.baseOffset(buffer, at), sizeBytes));
    }
  }
}
