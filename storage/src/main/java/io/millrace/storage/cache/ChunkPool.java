package io.millrace.storage.cache;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Off-heap memory in pieces of one size, at most {@code limitBytes} of it, and one more for the
 * entry that is being written while readers hold all. Larger pieces are made on demand, count like
 * the others and are not kept. Any thread may call.
 */
public final class ChunkPool {
  private final int chunkBytes;
  private final long limitBytes;
  private final ArrayDeque<ByteBuffer> idle = new ArrayDeque<>();
  private long usedBytes;

  public ChunkPool(int chunkBytes, long limitBytes) {
    if (chunkBytes <= 0 || limitBytes < chunkBytes) {
      throw new IllegalArgumentException(
          "a pool of %d bytes cannot hold chunks of %d".formatted(limitBytes, chunkBytes));
    }
    this.chunkBytes = chunkBytes;
    this.limitBytes = limitBytes;
  }

  /** Size of an ordinary chunk. */
  public int chunkBytes() {
    return chunkBytes;
  }

  public long limitBytes() {
    return limitBytes;
  }

  /** Bytes of all chunks that are not yet free, readers' included. */
  public synchronized long usedBytes() {
    return usedBytes;
  }

  /** A chunk of at least {@code bytes}, held by the caller; null if that would pass the limit. */
  synchronized @Nullable PooledChunk tryTake(int bytes) {
    return usedBytes + Math.max(bytes, chunkBytes) > limitBytes ? null : take(bytes);
  }

  /**
   * Same, whatever the limit says: for the one entry being written, which needs memory even when
   * readers hold all of it.
   */
  synchronized PooledChunk take(int bytes) {
    int size = Math.max(bytes, chunkBytes);
    ByteBuffer memory = size == chunkBytes ? idle.pollFirst() : null;
    if (memory == null) {
      // Idle pieces make way, so that the process as a whole stays within the limit.
      while (!idle.isEmpty() && usedBytes + (long) idle.size() * chunkBytes + size > limitBytes) {
        idle.pollLast();
      }
      memory = ByteBuffer.allocateDirect(size);
    }
    usedBytes += size;
    return new PooledChunk(this, memory);
  }

  synchronized void giveBack(ByteBuffer memory) {
    usedBytes -= memory.capacity();
    // One is kept in any case: while readers hold all memory each entry needs one, and a new one
    // for each would cost more than the write.
    boolean room = idle.isEmpty() || usedBytes + (idle.size() + 1L) * chunkBytes <= limitBytes;
    if (memory.capacity() == chunkBytes && room) {
      idle.addFirst(memory);
    }
  }
}
