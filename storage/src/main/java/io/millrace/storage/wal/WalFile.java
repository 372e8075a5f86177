package io.millrace.storage.wal;

import io.millrace.runtime.Disk;
import io.millrace.runtime.Disk.DiskFile;
import io.millrace.runtime.Disk.Mode;
import io.millrace.storage.Keys;
import io.millrace.storage.PartitionId;
import io.millrace.storage.WriterId;
import io.millrace.storage.object.EncodedFooter;
import io.millrace.storage.object.FooterBuilder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * One file of a FileWal: written by the WAL's loop until it is sealed, read by any thread until it
 * is released. Room for its footer is kept at all times. Readers pin it, so that it is never
 * written anew under them.
 */
final class WalFile {
  private static final int RELEASED = Integer.MIN_VALUE;

  private final WriterId writer;
  private final long counter;
  private final Path path;
  private final DiskFile file;
  private final long sizeBytes;
  private final FooterBuilder footer = new FooterBuilder();
  private final AtomicInteger pins = new AtomicInteger();
  private volatile Runnable whenUnread = () -> {};
  private volatile boolean sealed;
  private long position;
  private long lastSequence = -1;

  private WalFile(WriterId writer, long counter, Path path, DiskFile file, long sizeBytes) {
    this.writer = writer;
    this.counter = counter;
    this.path = path;
    this.file = file;
    this.sizeBytes = sizeBytes;
  }

  static WalFile open(Disk disk, Path path, WriterId writer, long counter) throws IOException {
    DiskFile file = disk.open(path, Mode.WRITE);
    return new WalFile(writer, counter, path, file, file.size());
  }

  /** Size a file must have for an entry of these batches alone, whatever they hold. */
  static long sizeFor(int batches, long payloadBytes) {
    return end(0, batches, payloadBytes)
        + WalEntryCodec.aligned(new FooterBuilder().encodedBytesMax() + growth(batches));
  }

  private static long end(long position, int batches, long payloadBytes) {
    return position + WalEntryCodec.aligned(WalEntryCodec.sizeBytes(batches, payloadBytes));
  }

  private static long growth(int batches) {
    return (long) batches * FooterBuilder.batchBytesMax();
  }

  /**
   * True if an entry of these batches, and the footer after it, leave {@code keptBytes} of the file
   * unused.
   */
  boolean fits(int batches, long payloadBytes, long keptBytes) {
    long footerMax = WalEntryCodec.aligned(footer.encodedBytesMax() + growth(batches));
    return end(position, batches, payloadBytes) + footerMax + keptBytes <= sizeBytes;
  }

  /** Bytes left for entries. */
  long roomBytes() {
    return sizeBytes - position - WalEntryCodec.aligned(footer.encodedBytesMax());
  }

  /** True once it is complete: nothing more is written under its name. */
  boolean sealed() {
    return sealed;
  }

  long counter() {
    return counter;
  }

  long sizeBytes() {
    return sizeBytes;
  }

  Path path() {
    return path;
  }

  /** Where the next entry begins. */
  long position() {
    return position;
  }

  /** Writes one entry with its padding; returns where it begins. */
  long write(ByteBuffer padded, long sequence) throws IOException {
    long at = position;
    int bytes = padded.remaining();
    file.write(padded, at);
    position = at + bytes;
    lastSequence = sequence;
    return at;
  }

  /** Takes note of a batch of the entry just written. */
  void note(PartitionId partition, ByteBuffer bytes, int at, long filePosition) {
    footer.add(partition, bytes, at, filePosition);
  }

  void sync() throws IOException {
    file.sync();
  }

  /** Writes the footer behind the last entry and syncs; nothing is written afterwards. */
  SealedWalFile seal() throws IOException {
    sealed = true;
    EncodedFooter encoded = footer.encode();
    file.write(WalEntryCodec.wholeBlocks(encoded.bytes()), position);
    file.sync();
    return new SealedWalFile(
        encoded.object(Keys.wal(writer, counter), 0, writer, position), lastSequence);
  }

  /** {@code length} bytes at a position; null if the file was released before. */
  @Nullable ByteBuffer read(long at, int length) throws IOException {
    if (!pin()) {
      return null;
    }
    try {
      ByteBuffer target = ByteBuffer.allocate(length);
      if (file.read(target, at) != length) {
        throw new IOException("%s ends within the %d bytes at %d".formatted(path, length, at));
      }
      return target.flip();
    } finally {
      unpin();
    }
  }

  private boolean pin() {
    return pins.getAndUpdate(seen -> seen < 0 ? seen : seen + 1) >= 0;
  }

  private void unpin() {
    if (pins.decrementAndGet() == RELEASED) {
      whenUnread.run();
    }
  }

  /** Shuts new readers out; runs {@code task} when none is left, at once or after the last read. */
  void release(Runnable task) {
    whenUnread = task;
    if (pins.updateAndGet(seen -> seen | RELEASED) == RELEASED) {
      task.run();
    }
  }

  void close() throws IOException {
    file.close();
  }
}
