package io.millrace.storage.wal;

import io.millrace.objectstore.ObjectStore;
import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import io.millrace.storage.metadata.MetadataImage.IncarnationState;
import io.millrace.storage.wal.WalEntryCodec.Decoded;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Reads what write-ahead logs hold of a partition and no object does yet, as far as it is whole;
 * for tools. Blocks. A log that is being written may have more a moment later, and its last entry
 * may not be acknowledged yet; recovery, not this, decides where the log of an ended broker ends.
 */
public final class WalDump {
  private final ObjectStore store;

  public WalDump(ObjectStore store) {
    this.store = store;
  }

  /**
   * A batch in a log.
   *
   * @param bytes the whole batch
   * @param position in the object, or file, with this key
   */
  public record Found(String key, long position, long sequence, ByteBuffer bytes) {}

  /** In offset order. */
  public List<Found> run(MetadataImage image, PartitionId id) {
    List<Found> found = new ArrayList<>();
    for (Incarnation incarnation : image.incarnations().values()) {
      if (incarnation.state() != IncarnationState.RECOVERED) {
        read(incarnation, id, found);
      }
    }
    found.sort(Comparator.comparingLong(batch -> batch.bytes().getLong(0)));
    return found;
  }

  private void read(Incarnation of, PartitionId id, List<Found> found) {
    StoredEntries entries = new StoredEntries(store);
    long next = of.trim() + 1;
    for (String key : entries.unpublished(of)) {
      long position = 0;
      while (entries.at(key, position, of) instanceof Decoded.Whole(WalEntry entry)
          && entry.sequence() == next) {
        ByteBuffer bytes = entries.bytes(position);
        for (WalEntryBatch batch : entry.batches()) {
          if (batch.partition().equals(id)) {
            ByteBuffer copy = ByteBuffer.allocate(batch.bytes());
            copy.put(0, bytes, batch.position(), batch.bytes());
            found.add(new Found(key, position + batch.position(), entry.sequence(), copy));
          }
        }
        position += WalEntryCodec.aligned(entry.bytes());
        next++;
      }
    }
  }
}
