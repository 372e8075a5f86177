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
  private final LogCache cache;
  private final WalFileReader reader;
  private @Nullable WalFile file;
  private @Nullable Chunk chunk;
  private int chunkAt;
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
    this.cache = cache;
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
    Chunk target = chunkFor(padded);
    int at = chunkAt;
    long sequence = writtenSequence + 1;
    ByteBuffer memory = target.bytes();
    WalEntryCodec.encode(memory, at, writer, sequence, syncedSequence, batches);
    chunkAt += padded;
    long position = current.write(memory.slice(at, padded), sequence);
    writtenSequence = sequence;
    int offset = WalEntryCodec.payloadPosition(batches.size());
    for (WalBatch batch : batches) {
      current.note(batch.partition(), memory, at + offset, position + offset);
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

  private Chunk chunkFor(int bytes) {
    Chunk present = chunk;
    if (present != null && chunkAt + bytes <= present.bytes().capacity()) {
      return present;
    }
    releaseChunk();
    Chunk opened = cache.open(bytes);
    chunk = opened;
    return opened;
  }

  /** After an entry's callbacks: a chunk that nobody can read from any more is not held longer. */
  void releaseIfEvicted() {
    Chunk present = chunk;
    if (present != null) {
      if (present.retain()) {
        present.release();
      } else {
        releaseChunk();
      }
    }
  }

  void releaseChunk() {
    Chunk present = chunk;
    chunk = null;
    chunkAt = 0;
    if (present != null) {
      present.release();
    }
  }
}
