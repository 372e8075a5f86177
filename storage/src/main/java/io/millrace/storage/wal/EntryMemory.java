package io.millrace.storage.wal;

import io.millrace.storage.cache.LogCache;
import org.jspecify.annotations.Nullable;

/**
 * Memory to assemble entries in: chunks of the log cache, filled one entry behind the other. Owned
 * by the WAL's loop.
 */
final class EntryMemory {
  private final LogCache cache;
  private @Nullable HeldChunk current;
  private int used;

  EntryMemory(LogCache cache) {
    this.cache = cache;
  }

  /** Where an entry is to lie. */
  record Place(HeldChunk held, int position) {}

  /** Room for {@code bytes}; who needs it beyond the next call holds it. */
  Place take(int bytes) {
    HeldChunk present = current;
    if (present == null || used + bytes > present.chunk().bytes().capacity()) {
      release();
      present = new HeldChunk(cache.open(bytes));
      current = present;
    }
    Place place = new Place(present, used);
    used += bytes;
    return place;
  }

  /** After an entry's callbacks: a chunk that nobody can read from any more is not held longer. */
  void releaseIfEvicted() {
    HeldChunk present = current;
    if (present != null) {
      if (present.chunk().retain()) {
        present.chunk().release();
      } else {
        release();
      }
    }
  }

  void release() {
    HeldChunk present = current;
    current = null;
    used = 0;
    if (present != null) {
      present.release();
    }
  }
}
