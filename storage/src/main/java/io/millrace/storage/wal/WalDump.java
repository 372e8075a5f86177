package io.millrace.storage.wal;

import io.millrace.objectstore.ObjectStore;
import io.millrace.objectstore.ObjectStore.GetOutcome;
import io.millrace.objectstore.ObjectStore.ListOutcome;
import io.millrace.storage.Keys;
import io.millrace.storage.PartitionId;
import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import io.millrace.storage.metadata.MetadataImage.IncarnationState;
import io.millrace.storage.wal.WalEntryCodec.Decoded;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads what write-ahead logs hold of a partition and no object does yet, as far as it is whole;
 * for tools. Blocks. A log that is being written may have more a moment later, and its last entry
 * may not be acknowledged yet; recovery, not this, decides where the log of an ended broker ends.
 */
public final class WalDump {
  private static final int WINDOW_BYTES = 4 << 20;
  private static final int KEYS_MAX = 1_000;

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
    String prefix = Keys.walPrefix(of.writer());
    long next = of.trim() + 1;
    String after = "";
    while (store.list(prefix, after, KEYS_MAX).join() instanceof ListOutcome.Keys keys) {
      for (String key : keys.keys()) {
        after = key;
        if (Keys.number(key) > of.publishedCounter()) {
          next = read(key, of.writer(), next, id, found);
        }
      }
      if (!keys.more()) {
        return;
      }
    }
    throw new IllegalStateException("the store does not list " + prefix);
  }

  /** Returns the number of the entry that comes next. */
  private long read(String key, WriterId writer, long first, PartitionId id, List<Found> found) {
    long next = first;
    long position = 0;
    while (at(key, position, writer) instanceof Read(WalEntry entry, ByteBuffer bytes)
        && entry.sequence() == next) {
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
    return next;
  }

  /** An entry and its bytes, from 0 on; null where there is none. */
  private record Read(WalEntry entry, ByteBuffer bytes) {}

  private @Nullable Read at(String key, long position, WriterId writer) {
    ByteBuffer bytes = range(key, position, WINDOW_BYTES);
    if (bytes.limit() >= WalEntryCodec.HEADER_BYTES) {
      WalEntryCodec.Head head = WalEntryCodec.head(bytes, 0);
      if (head.plausible(writer) && head.sizeBytes() > WINDOW_BYTES) {
        bytes = range(key, position, Math.toIntExact(head.sizeBytes()));
      }
    }
    return WalEntryCodec.decode(bytes, 0, bytes.limit(), writer) instanceof Decoded.Whole(var entry)
        ? new Read(entry, bytes)
        : null;
  }

  private ByteBuffer range(String key, long position, int length) {
    return store.getRange(key, position, length).join() instanceof GetOutcome.Found(ByteBuffer body)
        ? body.slice()
        : ByteBuffer.allocate(0);
  }
}
