package io.millrace.storage.wal;

import io.millrace.objectstore.ObjectStore;
import io.millrace.storage.Keys;
import io.millrace.storage.StoredKeys;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import io.millrace.storage.wal.WalEntryCodec.Decoded;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Reads entries where they lie in the store, in files or in objects. For tools; blocks. */
final class StoredEntries {
  private static final int WINDOW_BYTES = 4 << 20;

  private final ObjectStore store;

  /** What was read last, from {@link #windowAt} of this key. */
  private String windowKey = "";

  private long windowAt;
  private ByteBuffer window = ByteBuffer.allocate(0);

  StoredEntries(ObjectStore store) {
    this.store = store;
  }

  /** The files, or entries, of a log that are not published, in order. */
  List<String> unpublished(Incarnation of) {
    List<String> keys = new ArrayList<>();
    StoredKeys.forEach(
        store,
        Keys.walPrefix(of.writer()),
        key -> {
          if (Keys.isWellFormed(key) && Keys.number(key) > of.publishedCounter()) {
            keys.add(key);
          }
        });
    return keys;
  }

  /** What stands at a position; if it is an entry, its bytes are {@link #bytes}. */
  Decoded at(String key, long position, Incarnation of) {
    int available = load(key, position, WINDOW_BYTES);
    if (available >= WalEntryCodec.HEADER_BYTES) {
      WalEntryCodec.Head head = WalEntryCodec.head(window, at(position));
      if (head.plausible(of.writer()) && head.sizeBytes() > available) {
        load(key, position, (int) Math.min(head.sizeBytes(), Integer.MAX_VALUE - 8));
      }
    }
    return WalEntryCodec.decode(window, at(position), window.limit(), of.writer());
  }

  /** From {@code position}, which was read last, to the end of what was read with it. */
  ByteBuffer bytes(long position) {
    return window.slice(at(position), window.limit() - at(position));
  }

  /** Whether {@link #at} could find an entry there. */
  boolean mayBegin(String key, long position) {
    return load(key, position, WalEntryCodec.HEADER_BYTES) >= WalEntryCodec.HEADER_BYTES
        && window.getInt(at(position)) == WalEntryCodec.MAGIC;
  }

  /** Whether the object ends there, or before. */
  boolean ended(String key, long position) {
    return load(key, position, 1) == 0;
  }

  private int at(long position) {
    return Math.toIntExact(position - windowAt);
  }

  /** Bytes at hand from {@code position} on; fewer than {@code length} only at the end. */
  private int load(String key, long position, int length) {
    boolean covers =
        key.equals(windowKey)
            && position >= windowAt
            && position + length <= windowAt + window.limit();
    if (!covers) {
      int wanted = Math.max(length, WINDOW_BYTES);
      window =
          StoredKeys.range(store, key, position, wanted).orElseGet(() -> ByteBuffer.allocate(0));
      windowKey = key;
      windowAt = position;
    }
    return window.limit() - at(position);
  }
}
