package io.millrace.storage.metadata;

import io.millrace.storage.PartitionId;
import io.millrace.storage.WriterId;

/**
 * What the image knows of one object. Its key range goes from (first, firstOffset) to (last,
 * endOffset): exact for an object of one partition, whose footer then need not be asked whether it
 * holds an offset.
 *
 * @param key its name in the store
 * @param level 0 = WAL in place; 1 and up sorted by (topic id, partition, offset)
 * @param writer the incarnation whose counter is in the name
 * @param sizeBytes whole object in bytes, footer included
 * @param footerPosition byte position of the footer
 * @param footerBytes length of the footer
 * @param footerCrc CRC32C of the footer
 * @param first lowest partition inside
 * @param last highest partition inside
 * @param firstOffset lowest offset of {@code first} inside
 * @param endOffset one past the highest offset of {@code last} inside
 */
public record ObjectInfo(
    String key,
    int level,
    WriterId writer,
    long sizeBytes,
    long footerPosition,
    int footerBytes,
    int footerCrc,
    PartitionId first,
    PartitionId last,
    long firstOffset,
    long endOffset) {

  /** True if the partition lies in the key range (the footer decides whether it is there). */
  public boolean mayHold(PartitionId id) {
    return first.compareTo(id) <= 0 && id.compareTo(last) <= 0;
  }

  /** True if it holds one partition only. */
  public boolean ofOnePartition() {
    return first.equals(last);
  }
}
