package io.millrace.storage.wal;

import io.millrace.storage.Keys;
import io.millrace.storage.WriterId;
import io.millrace.storage.cache.LogCache;
import io.millrace.storage.object.EncodedFooter;
import io.millrace.storage.object.FooterBuilder;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Assembles entries and their footers in chunks, next to each other as the store takes them: the
 * log cache and the body of the put are the same memory. The footer comes first, from the batches
 * as they were handed over, so its size is known when room is taken. Owned by the WAL's loop.
 */
final class ObjectEntries {
  private final WriterId writer;
  private final EntryMemory memory;
  private long nextSequence;

  ObjectEntries(WriterId writer, LogCache cache) {
    this.writer = writer;
    this.memory = new EntryMemory(cache);
  }

  /** The number that the next entry gets: it was never attempted. */
  long nextSequence() {
    return nextSequence;
  }

  /** The caller releases the entry. */
  ObjectEntry assemble(List<WalBatch> batches, long durableSequence) {
    EncodedFooter footer = footer(batches);
    int footerBytes = footer.bytes().remaining();
    long payload = payloadBytes(batches);
    int entryBytes = Math.toIntExact(WalEntryCodec.sizeBytes(batches.size(), payload));
    EntryMemory.Place place = memory.take(Math.addExact(entryBytes, footerBytes));
    ByteBuffer bytes = place.held().chunk().bytes();
    int at = place.position();
    long sequence = nextSequence++;
    WalEntryCodec.encode(bytes, at, writer, sequence, durableSequence, batches);
    bytes.put(at + entryBytes, footer.bytes(), footer.bytes().position(), footerBytes);
    place.held().hold();
    return new ObjectEntry(
        sequence,
        place.held(),
        at,
        batches.size(),
        footer.object(Keys.wal(writer, sequence), 0, writer, entryBytes));
  }

  private static EncodedFooter footer(List<WalBatch> batches) {
    FooterBuilder builder = new FooterBuilder();
    long position = WalEntryCodec.payloadPosition(batches.size());
    for (WalBatch batch : batches) {
      ByteBuffer bytes = batch.bytes();
      builder.add(batch.partition(), bytes, bytes.position(), position);
      position += bytes.remaining();
    }
    return builder.encode();
  }

  static long payloadBytes(List<WalBatch> batches) {
    long bytes = 0;
    for (WalBatch batch : batches) {
      bytes += batch.bytes().remaining();
    }
    return bytes;
  }

  void releaseIfEvicted() {
    memory.releaseIfEvicted();
  }

  void release() {
    memory.release();
  }
}
