package io.millrace.storage.wal;

import io.millrace.storage.cache.Chunk;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A chunk for as long as the WAL itself needs it: to assemble entries in, and as the source of
 * writes under way. Counts these uses apart from readers, whom an eviction shuts out. Any thread.
 */
final class HeldChunk {
  private final Chunk chunk;
  private final AtomicInteger uses = new AtomicInteger(1);

  /** Takes over the caller's reference, as the first use. */
  HeldChunk(Chunk chunk) {
    this.chunk = chunk;
  }

  Chunk chunk() {
    return chunk;
  }

  /** One more use; only while there is one. */
  void hold() {
    uses.incrementAndGet();
  }

  /** One use less; the last gives the reference back. */
  void release() {
    if (uses.decrementAndGet() == 0) {
      chunk.release();
    }
  }
}
