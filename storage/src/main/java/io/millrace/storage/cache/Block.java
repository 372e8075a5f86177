package io.millrace.storage.cache;

import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A checked stretch of an object in off-heap memory, shared by reference count: the cache holds one
 * reference while it keeps the block, each reader one of its own. The last release gives the memory
 * back for the next block.
 */
public final class Block {
  private final ByteBuffer memory;
  private final ByteBuffer bytes;
  private final BlockMemory owner;
  private final AtomicInteger references = new AtomicInteger(1);

  Block(ByteBuffer memory, int size, BlockMemory owner) {
    this.memory = memory;
    this.bytes = memory.slice(0, size);
    this.owner = owner;
  }

  /** Position 0 to limit; absolute access or slices only. */
  public ByteBuffer bytes() {
    return bytes;
  }

  /** For a holder only, so the block cannot be free. */
  public void retain() {
    if (references.getAndIncrement() <= 0) {
      throw new IllegalStateException("a free block was retained");
    }
  }

  public void release() {
    int left = references.decrementAndGet();
    if (left < 0) {
      throw new IllegalStateException("a block was released more often than retained");
    }
    if (left == 0) {
      owner.giveBack(memory);
    }
  }

  int memoryBytes() {
    return memory.capacity();
  }
}
