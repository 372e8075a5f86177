package io.millrace.storage.recovery;

import io.millrace.protocol.batch.BatchHeader;
import io.millrace.storage.Keys;
import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.NewerVersionException;
import io.millrace.storage.metadata.ObjectInfo;
import io.millrace.storage.object.EncodedFooter;
import io.millrace.storage.object.Footer;
import io.millrace.storage.object.FooterBuilder;
import io.millrace.storage.object.FooterCodec;
import io.millrace.storage.object.ObjectCorruptException;
import io.millrace.storage.wal.WalEntry;
import io.millrace.storage.wal.WalEntryBatch;
import io.millrace.storage.wal.WalEntryCodec;
import io.millrace.storage.wal.WalEntryCodec.Decoded;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Checks the entry objects of one log, in order: whole, of this writer and number, dense offsets, a
 * footer that says what the entry holds. Owned by one thread.
 */
final class EntryScan {
  /** What {@link #mayCover} looks at. */
  static final int HEAD_BYTES = WalEntryCodec.HEADER_BYTES;

  private final WriterId writer;
  private final DenseOffsets offsets = new DenseOffsets();
  private final List<ObjectInfo> objects = new ArrayList<>();
  private List<WalEntryBatch> lastBatches = List.of();

  EntryScan(WriterId writer) {
    this.writer = writer;
  }

  List<ObjectInfo> objects() {
    return List.copyOf(objects);
  }

  /**
   * @throws WalCorruptException if it is not what the writer put
   * @throws NewerVersionException if its format is not known
   */
  void adopt(long sequence, ByteBuffer body) {
    String key = Keys.wal(writer, sequence);
    WalEntry entry =
        switch (decode(body)) {
          case Decoded.Whole(WalEntry whole) -> whole;
          case Decoded.Newer(int version) ->
              throw new NewerVersionException(
                  "%s was written by a newer version of Millrace (WAL format %d); start that version or a later one"
                      .formatted(key, version));
          case Decoded.Invalid(String reason) -> throw damaged(key, reason, body);
        };
    if (entry.sequence() != sequence || entry.isMark()) {
      throw damaged(key, "it has sequence number " + entry.sequence(), body);
    }
    FooterBuilder rebuilt = new FooterBuilder();
    for (WalEntryBatch batch : entry.batches()) {
      offsets.check(key, batch, BatchHeader.lastOffset(body, batch.position()) + 1);
      rebuilt.add(batch.partition(), body, batch.position(), batch.position());
    }
    objects.add(footer(key, entry, body, rebuilt.build()).object(key, 0, writer, entry.bytes()));
    lastBatches = entry.batches();
  }

  private Decoded decode(ByteBuffer body) {
    return WalEntryCodec.decode(body, 0, body.limit(), writer);
  }

  /** The object's own footer, which must say the same as one made from the entry. */
  private EncodedFooter footer(String key, WalEntry entry, ByteBuffer body, Footer rebuilt) {
    ByteBuffer own = body.slice(entry.bytes(), body.limit() - entry.bytes());
    Footer decoded;
    try {
      decoded = FooterCodec.decode(key, own);
    } catch (ObjectCorruptException e) {
      throw damaged(key, e.getMessage(), body);
    }
    if (!decoded.equals(rebuilt)) {
      throw damaged(key, "its footer does not say what the entry holds", body);
    }
    return new EncodedFooter(
        own,
        own.getInt(own.limit() - Integer.BYTES),
        decoded.partitions().getFirst(),
        decoded.partitions().getLast());
  }

  private WalCorruptException damaged(String key, @Nullable String reason, ByteBuffer body) {
    List<WalEntryBatch> lost = WalEntryCodec.suspected(body, 0);
    return new WalCorruptException(
        "%s is damaged: %s; %s."
            .formatted(
                key,
                reason,
                lost.isEmpty()
                    ? "before it %s were written".formatted(LogScan.names(lastBatches))
                    : "its index, if that is not damaged too, names " + LogScan.names(lost)));
  }

  /**
   * Whether an object that begins so may be an entry which says that {@code sequence} was durable.
   */
  boolean mayCover(ByteBuffer head, long sequence) {
    return WalEntryCodec.durableSequence(head, writer) >= sequence;
  }

  /** The entry in an object behind the end, null if there is no whole one. */
  @Nullable WalEntry entry(ByteBuffer body) {
    return decode(body) instanceof Decoded.Whole(WalEntry whole) ? whole : null;
  }

  WalCorruptException missing(long sequence, String laterKey, WalEntry later) {
    return new WalCorruptException(
        "%s is missing: the entry %d was durable (entry %d in %s says so) and a seal stands in its place; before it %s were written, after it %s."
            .formatted(
                Keys.wal(writer, sequence),
                sequence,
                later.sequence(),
                laterKey,
                LogScan.names(lastBatches),
                LogScan.names(later.batches())));
  }
}
