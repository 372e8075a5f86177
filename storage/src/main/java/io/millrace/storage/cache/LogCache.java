package io.millrace.storage.cache;

import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the newest chunks of one WAL, first in, first out, within its pool's limit. Eviction only
 * shuts new readers out: who finds {@link Chunk#retain} false reads the file. The WAL's loop opens
 * chunks; any thread may look at sizes.
 */
public final class LogCache implements AutoCloseable {
  private final ChunkPool pool;
  private final ArrayDeque<PooledChunk> chunks = new ArrayDeque<>();
  private long evictions;
  private boolean closed;

  public LogCache(ChunkPool pool) {
    this.pool = pool;
  }

  /**
   * A chunk of at least {@code bytes} for the entries to come. The caller holds a reference of its
   * own. When readers hold all memory, it is one that nobody can retain and that is free as soon as
   * the caller releases it.
   */
  public synchronized Chunk open(int bytes) {
    PooledChunk chunk = closed ? null : pool.tryTake(bytes);
    while (chunk == null && evictOldest()) {
      chunk = pool.tryTake(bytes);
    }
    if (chunk == null) {
      PooledChunk unshared = pool.take(bytes);
      unshared.shut();
      return unshared;
    }
    chunks.addLast(chunk);
    if (!chunk.retain()) {
      throw new IllegalStateException("a new chunk is not available");
    }
    return chunk;
  }

  /** Size of an ordinary chunk. */
  public int chunkBytes() {
    return pool.chunkBytes();
  }

  public synchronized int chunks() {
    return chunks.size();
  }

  public synchronized long evictions() {
    return evictions;
  }

  /** Evicts everything; later chunks are not kept. */
  @Override
  public synchronized void close() {
    closed = true;
    while (evictOldest()) {
      // Until it is empty.
    }
  }

  private boolean evictOldest() {
    @Nullable PooledChunk oldest = chunks.pollFirst();
    if (oldest == null) {
      return false;
    }
    oldest.evict();
    evictions++;
    return true;
  }
}
