package io.millrace.storage.wal;

import io.millrace.runtime.Disk.DiskFile;
import io.millrace.storage.WriterId;
import io.millrace.storage.wal.WalEntryCodec.Decoded;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Reads the entries of one incarnation from an unpublished file, window by window. Owned by one
 * thread. Holds one window, or one entry if that is larger.
 */
public final class WalEntryReader {
  private static final int WINDOW_BYTES = 1 << 20;

  private final DiskFile file;
  private final WriterId writer;
  private final long sizeBytes;
  private ByteBuffer window = ByteBuffer.allocateDirect(WINDOW_BYTES).limit(0);
  private long windowAt;

  public WalEntryReader(DiskFile file, WriterId writer) throws IOException {
    this.file = file;
    this.writer = writer;
    this.sizeBytes = file.size();
  }

  public long sizeBytes() {
    return sizeBytes;
  }

  /**
   * What stands at {@code position}; an entry's bytes are then at {@link #at} in {@link #bytes}.
   */
  public Decoded read(long position) throws IOException {
    if (!load(position, WalEntryCodec.HEADER_BYTES)) {
      return new Decoded.Invalid("the file ends");
    }
    WalEntryCodec.Head head = WalEntryCodec.head(window, at(position));
    if (!head.plausible(writer)
        || head.sizeBytes() > sizeBytes - position
        || !load(position, head.sizeBytes())) {
      return WalEntryCodec.decode(
          window, at(position), at(position) + WalEntryCodec.HEADER_BYTES, writer);
    }
    return WalEntryCodec.decode(window, at(position), window.limit(), writer);
  }

  /** Whether {@link #read} could find an entry there; a look at four bytes. */
  public boolean mayBegin(long position) throws IOException {
    return load(position, WalEntryCodec.HEADER_BYTES)
        && window.getInt(at(position)) == WalEntryCodec.MAGIC;
  }

  /** What was last read; valid until the next read. */
  public ByteBuffer bytes() {
    return window;
  }

  /** Where a position of the file is in {@link #bytes}. */
  public int at(long position) {
    return Math.toIntExact(position - windowAt);
  }

  /** The whole blocks of an entry, as they were read. */
  public ByteBuffer blocks(long position, WalEntry entry) throws IOException {
    long bytes = WalEntryCodec.aligned(entry.bytes());
    if (!load(position, bytes)) {
      throw new IOException("the file ends within the entry at " + position);
    }
    return window.slice(at(position), (int) bytes);
  }

  /**
   * What a damaged entry's index says it held, as far as that can be told; may be nonsense or
   * empty.
   */
  public List<WalEntryBatch> suspected(long position) throws IOException {
    if (!load(position, WalEntryCodec.HEADER_BYTES)) {
      return List.of();
    }
    WalEntryCodec.Head head = WalEntryCodec.head(window, at(position));
    boolean readable =
        head.indexPlausible() && load(position, WalEntryCodec.payloadPosition(head.batches()));
    return readable ? WalEntryCodec.suspected(window, at(position)) : List.of();
  }

  private boolean load(long position, long bytes) throws IOException {
    if (position >= windowAt && position + bytes <= windowAt + window.limit()) {
      return true;
    }
    if (position + bytes > sizeBytes) {
      return false;
    }
    if (bytes > window.capacity()) {
      window = ByteBuffer.allocateDirect(Math.toIntExact(bytes));
    }
    window.clear().limit((int) Math.min(window.capacity(), sizeBytes - position));
    windowAt = position;
    int count = Math.max(0, file.read(window, position));
    window.position(0).limit(count);
    return bytes <= count;
  }
}
