package io.millrace.storage.cache;

import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One use of a piece of the pool's memory. A new object for each use, so that a stale reference
 * never reaches memory that serves another. The state is the number of references and a bit that
 * shuts new ones out.
 */
final class PooledChunk implements Chunk {
  private static final int EVICTED = Integer.MIN_VALUE;
  private static final int COUNT = Integer.MAX_VALUE;

  private final ChunkPool pool;
  private final ByteBuffer memory;
  private final AtomicInteger state = new AtomicInteger(1);

  PooledChunk(ChunkPool pool, ByteBuffer memory) {
    this.pool = pool;
    this.memory = memory;
  }

  @Override
  public ByteBuffer bytes() {
    return memory;
  }

  @Override
  public boolean retain() {
    int seen = state.get();
    while (seen > 0) {
      int witness = state.compareAndExchange(seen, seen + 1);
      if (witness == seen) {
        return true;
      }
      seen = witness;
    }
    return false;
  }

  @Override
  public void release() {
    int left = state.decrementAndGet() & COUNT;
    if (left == COUNT) {
      throw new IllegalStateException("a chunk was released more often than retained");
    }
    if (left == 0) {
      pool.giveBack(memory);
    }
  }

  /** Shuts new readers out and gives the creator's reference back. */
  void evict() {
    shut();
    release();
  }

  /** Shuts new readers out; the creator keeps its reference. */
  void shut() {
    state.getAndUpdate(seen -> seen | EVICTED);
  }
}
