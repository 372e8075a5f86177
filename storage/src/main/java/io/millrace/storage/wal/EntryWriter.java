package io.millrace.storage.wal;

import io.millrace.runtime.Disk;
import io.millrace.storage.WriterId;
import io.millrace.storage.cache.Chunk;
import io.millrace.storage.cache.LogCache;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Assembles entries in chunks and writes them to the current file. Owned by the WAL's loop. Knows
 * sequence numbers; knows nothing of queues and callbacks. After an exception nothing more may be
 * asked of it.
 */
final class EntryWriter {
  private final Disk disk;
  private final WriterId writer;
  private final WalFolder folder;
  private final SpareFiles spares;
  private final EntryMemory memory;
  private final WalFileReader reader;
  private @Nullable WalFile file;
  private long nextCounter;
  private long writtenSequence = -1;
  private long syncedSequence = -1;

  EntryWriter(
      Disk disk,
      WriterId writer,
      WalFolder folder,
      SpareFiles spares,
      LogCache cache,
      WalFileReader reader) {
    this.disk = disk;
    this.writer = writer;
    this.folder = folder;
    this.spares = spares;
    this.memory = new EntryMemory(cache);
    this.reader = reader;
  }

  /** An entry as it lies in memory and in its file. */
  record Written(Chunk chunk, int chunkPosition, long fileCounter, long filePosition, int bytes) {}

  /** The file that takes entries; null if there is none yet or it was sealed. */
  @Nullable WalFile file() {
    return file;
  }

  long nextCounter() {
    return nextCounter;
  }

  long writtenSequence() {
    return writtenSequence;
  }

  long syncedSequence() {
    return syncedSequence;
  }

  /**
   * Names a spare as the next file; false if there is none. The one before must have been sealed by
   * {@link #open}'s caller.
   */
  boolean nameNext(long bytesMin, long bytesWanted) throws IOException {
    return spares.take(bytesMin, bytesWanted, folder.file(writer, nextCounter));
  }

  /** Opens the file just named. */
  void open() throws IOException {
    Path path = folder.file(writer, nextCounter);
    WalFile next = WalFile.open(disk, path, writer, nextCounter);
    nextCounter++;
    reader.add(next);
    file = next;
  }

  /** Writes one entry, not synced. */
  Written write(List<WalBatch> batches) throws IOException {
    WalFile current = current();
    long payload = 0;
    for (WalBatch batch : batches) {
      payload += batch.bytes().remaining();
    }
    int padded =
        Math.toIntExact(WalEntryCodec.aligned(WalEntryCodec.sizeBytes(batches.size(), payload)));
    EntryMemory.Place place = memory.take(padded);
    Chunk target = place.held().chunk();
    int at = place.position();
    long sequence = writtenSequence + 1;
    ByteBuffer bytes = target.bytes();
    int size = WalEntryCodec.encode(bytes, at, writer, sequence, syncedSequence, batches);
    WalEntryCodec.pad(bytes, at + size, at + padded);
    long position = current.write(bytes.slice(at, padded), sequence);
    writtenSequence = sequence;
    int offset = WalEntryCodec.payloadPosition(batches.size());
    for (WalBatch batch : batches) {
      current.note(batch.partition(), bytes, at + offset, position + offset);
      offset += batch.bytes().remaining();
    }
    return new Written(target, at, current.counter(), position, padded);
  }

  void sync() throws IOException {
    current().sync();
    syncedSequence = writtenSequence;
  }

  /** Footer and sync; there is no current file afterwards. */
  SealedWalFile seal() throws IOException {
    SealedWalFile sealed = current().seal();
    syncedSequence = writtenSequence;
    file = null;
    return sealed;
  }

  private WalFile current() {
    if (file == null) {
      throw new IllegalStateException("no WAL file is open");
    }
    return file;
  }

  /** After an entry's callbacks. */
  void releaseIfEvicted() {
    memory.releaseIfEvicted();
  }

  void releaseChunk() {
    memory.release();
  }
}
