package io.millrace.storage.object;

import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.ObjectInfo;
import io.millrace.storage.object.Footer.PartitionFooter;
import java.nio.ByteBuffer;

/**
 * A footer's bytes, ready to read, and what the image must know of them.
 *
 * @param crc as {@link ObjectInfo#footerCrc}
 * @param first of the lowest partition
 * @param last of the highest partition
 */
public record EncodedFooter(
    ByteBuffer bytes, int crc, PartitionFooter first, PartitionFooter last) {

  /** The object whose last bytes are this footer. */
  public ObjectInfo object(String key, int level, WriterId writer, long footerPosition) {
    int size = bytes.remaining();
    return new ObjectInfo(
        key,
        level,
        writer,
        footerPosition + size,
        footerPosition,
        size,
        crc,
        first.partition(),
        last.partition(),
        first.baseOffset(),
        last.endOffset());
  }
}
