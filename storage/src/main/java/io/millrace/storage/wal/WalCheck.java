package io.millrace.storage.wal;

import io.millrace.objectstore.ObjectStore;
import io.millrace.protocol.batch.BatchHeader;
import io.millrace.storage.Finding;
import io.millrace.storage.Finding.Range;
import io.millrace.storage.Keys;
import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import io.millrace.storage.object.Footer;
import io.millrace.storage.object.FooterBuilder;
import io.millrace.storage.object.FooterCodec;
import io.millrace.storage.object.ObjectCorruptException;
import io.millrace.storage.wal.WalEntryCodec.Decoded;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Proves what a write-ahead log holds that is not published: entries without a gap, each whole, the
 * offsets of a partition without a gap. Where they end, no later entry may say that more was
 * durable. For tools; blocks. One log per instance.
 */
public final class WalCheck {
  private final boolean entryObjects;
  private final Incarnation of;
  private final StoredEntries stored;
  private final List<Finding> findings = new ArrayList<>();
  private final Map<PartitionId, Range> ranges = new TreeMap<>();
  private long sequence;
  private long entries;

  /**
   * @param entryObjects whether each entry is an object, with a footer of its own; else they lie in
   *     files
   */
  public WalCheck(ObjectStore store, Incarnation of, boolean entryObjects) {
    this.of = of;
    this.entryObjects = entryObjects;
    this.stored = new StoredEntries(store);
    this.sequence = of.trim();
  }

  /**
   * What was found.
   *
   * @param ranges the offsets in the log, of each partition that has some
   * @param endSequence the last whole entry's
   */
  public record Checked(
      List<Range> ranges, long entries, long endSequence, List<Finding> findings) {}

  public Checked run() {
    List<String> keys = stored.unpublished(of);
    Place gap = new Place(keys.isEmpty() ? "" : keys.getFirst(), 0);
    for (String key : keys) {
      if (!gap.key().equals(key) && !isNext(stored.at(key, 0, of))) {
        break;
      }
      gap = adoptAll(key);
    }
    if (entryObjects) {
      gap = new Place(Keys.wal(of.writer(), sequence + 1), 0);
      checkSeal(gap);
    }
    if (findings.isEmpty()) {
      searchBehind(keys, gap);
    }
    return new Checked(List.copyOf(ranges.values()), entries, sequence, findings);
  }

  private record Place(String key, long position) {}

  /** Returns where the entries of the log end in this file, or object. */
  private Place adoptAll(String key) {
    long position = 0;
    while (stored.at(key, position, of) instanceof Decoded.Whole whole && isNext(whole)) {
      adopt(key, position, whole.entry());
      position += WalEntryCodec.aligned(whole.entry().bytes());
    }
    return new Place(key, position);
  }

  private boolean isNext(Decoded decoded) {
    return decoded instanceof Decoded.Whole(WalEntry entry) && entry.sequence() == sequence + 1;
  }

  private void adopt(String key, long position, WalEntry entry) {
    ByteBuffer bytes = stored.bytes(position);
    FooterBuilder footer = new FooterBuilder();
    for (WalEntryBatch batch : entry.batches()) {
      long end = BatchHeader.lastOffset(bytes, batch.position()) + 1;
      Range before = ranges.get(batch.partition());
      Range range = new Range(batch.partition(), batch.baseOffset(), end);
      if (before != null && before.to() != batch.baseOffset()) {
        findings.add(Finding.damaged(key, range, "offset %d must follow".formatted(before.to())));
      } else {
        footer.add(batch.partition(), bytes, batch.position(), batch.position());
      }
      int size = BatchHeader.sizeBytes(bytes, batch.position());
      if (BatchHeader.computeCrc(bytes, batch.position(), size)
          != BatchHeader.crc(bytes, batch.position())) {
        findings.add(Finding.damaged(key, range, "the CRC of the batch is wrong"));
      }
      ranges.put(
          batch.partition(),
          before == null ? range : new Range(batch.partition(), before.from(), end));
    }
    if (entryObjects) {
      checkFooter(key, entry, bytes, footer);
    }
    sequence = entry.sequence();
    entries++;
  }

  /** As it lies, it becomes an object. */
  private void checkFooter(String key, WalEntry entry, ByteBuffer bytes, FooterBuilder rebuilt) {
    ByteBuffer own = bytes.slice(entry.bytes(), bytes.limit() - entry.bytes());
    String wrong = "its footer does not say what the entry holds";
    try {
      Footer decoded = FooterCodec.decode(key, own);
      if (decoded.equals(rebuilt.build())) {
        return;
      }
    } catch (ObjectCorruptException e) {
      wrong = String.valueOf(e.getMessage());
    }
    for (WalEntryBatch batch : entry.batches()) {
      findings.add(
          Finding.damaged(
              key,
              new Range(
                  batch.partition(),
                  batch.baseOffset(),
                  BatchHeader.lastOffset(bytes, batch.position()) + 1),
              wrong));
    }
  }

  private void searchBehind(List<String> keys, Place gap) {
    for (String key : keys) {
      long from = key.equals(gap.key()) ? gap.position() : 0;
      boolean behind = key.compareTo(gap.key()) >= 0;
      for (long at = from; behind && !stored.ended(key, at); at += WalEntryCodec.ALIGNMENT) {
        if (stored.mayBegin(key, at)
            && stored.at(key, at, of) instanceof Decoded.Whole(WalEntry later)
            && later.sequence() > sequence + 1
            && later.durableSequence() > sequence) {
          onGap(gap, new Place(key, at), later);
          return;
        }
      }
    }
  }

  /** Entries and seals are put whole: nothing else can stand where the entries end. */
  private void checkSeal(Place gap) {
    if (!stored.ended(gap.key(), 0)) {
      String reason = reason(gap);
      if (!SealCodec.isSeal(stored.bytes(0), of.writer(), sequence + 1)) {
        onDamage(gap, "it is neither a seal nor a whole entry: " + reason);
      }
    }
  }

  private void onGap(Place gap, Place behind, WalEntry later) {
    String what =
        "entry %d at position %d was durable (entry %d at position %d of %s says so) and is not whole: %s"
            .formatted(
                sequence + 1,
                gap.position(),
                later.sequence(),
                behind.position(),
                behind.key(),
                reason(gap));
    onDamage(gap, what);
  }

  private void onDamage(Place gap, String what) {
    List<WalEntryBatch> lost =
        stored.ended(gap.key(), gap.position())
            ? List.of()
            : WalEntryCodec.suspected(stored.bytes(gap.position()), 0);
    if (lost.isEmpty()) {
      findings.add(Finding.damaged(gap.key(), what));
    }
    for (WalEntryBatch batch : lost) {
      findings.add(
          Finding.damaged(
              gap.key(),
              new Range(batch.partition(), batch.baseOffset(), batch.baseOffset() + 1),
              what + "; its index, if that is not damaged too, names a batch at this offset"));
    }
  }

  private String reason(Place gap) {
    return switch (stored.at(gap.key(), gap.position(), of)) {
      case Decoded.Invalid(String why) -> why;
      case Decoded.Whole(WalEntry entry) -> "it has sequence number " + entry.sequence();
      case Decoded.Newer(int version) -> "it has format version " + version;
    };
  }
}
