package io.millrace.storage.object;

import io.millrace.protocol.batch.BatchHeader;
import io.millrace.storage.PartitionId;
import io.millrace.storage.object.Footer.Run;
import java.nio.ByteBuffer;

/**
 * Proves that bytes read back are the run the footer names: sizes, offsets and the CRC of every
 * batch.
 */
final class RunVerifier {
  private RunVerifier() {}

  /**
   * Checks the run whose bytes begin at {@code at}.
   *
   * @param compacted offsets may be missing before a batch
   * @throws ObjectCorruptException that names object, partition and offsets
   */
  static void verify(
      String key, PartitionId partition, boolean compacted, Run run, ByteBuffer b, int at) {
    int end = at + run.bytes();
    long offset = run.baseOffset();
    int next = at;
    while (next < end) {
      check(key, partition, run, b, next, end, offset);
      if (!compacted && BatchHeader.baseOffset(b, next) != offset) {
        throw corrupt(key, partition, run, "no batch begins at offset " + offset);
      }
      offset = BatchHeader.lastOffset(b, next) + 1;
      next += BatchHeader.sizeBytes(b, next);
    }
    if (offset != run.endOffset()) {
      throw corrupt(key, partition, run, "its batches end at offset " + offset);
    }
  }

  private static void check(
      String key, PartitionId partition, Run run, ByteBuffer b, int at, int end, long offsetMin) {
    if (end - at < BatchHeader.HEADER_BYTES) {
      throw corrupt(
          key, partition, run, "a batch at offset %d or above is cut off".formatted(offsetMin));
    }
    int size = BatchHeader.sizeBytes(b, at);
    if (size < BatchHeader.HEADER_BYTES
        || size > end - at
        || BatchHeader.magic(b, at) != BatchHeader.MAGIC) {
      throw corrupt(
          key,
          partition,
          run,
          "a batch at offset %d or above has size %d".formatted(offsetMin, size));
    }
    long base = BatchHeader.baseOffset(b, at);
    long last = BatchHeader.lastOffset(b, at);
    if (base < offsetMin || last < base || last >= run.endOffset()) {
      throw corrupt(key, partition, run, "a batch has offsets [%d, %d]".formatted(base, last));
    }
    if (BatchHeader.computeCrc(b, at, size) != BatchHeader.crc(b, at)) {
      throw corrupt(
          key,
          partition,
          run,
          "the CRC of the batch with offsets [%d, %d] is wrong".formatted(base, last));
    }
  }

  private static ObjectCorruptException corrupt(
      String key, PartitionId partition, Run run, String why) {
    return new ObjectCorruptException(
        "%s is corrupt: partition %s, offsets [%d, %d), position %d: %s"
            .formatted(key, partition, run.baseOffset(), run.endOffset(), run.position(), why));
  }
}
