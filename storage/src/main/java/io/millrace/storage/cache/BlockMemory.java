package io.millrace.storage.cache;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * Off-heap memory for blocks in sizes of powers of two, used again and again; larger pieces are
 * made and dropped. Any thread may call. Bounds what lies idle; the block cache bounds what is in
 * use.
 */
final class BlockMemory {
  private static final int SMALLEST_SHIFT = 12;
  private static final int CLASSES = 11;

  private final long idleBytesMax;
  private final List<ArrayDeque<ByteBuffer>> idle = new ArrayList<>();
  private long idleBytes;
  private long usedBytes;

  BlockMemory(long idleBytesMax) {
    this.idleBytesMax = idleBytesMax;
    for (int i = 0; i < CLASSES; i++) {
      idle.add(new ArrayDeque<>());
    }
  }

  Block take(int bytes) {
    return new Block(memory(bytes), bytes, this);
  }

  /** Bytes of blocks not yet free. */
  synchronized long usedBytes() {
    return usedBytes;
  }

  synchronized void giveBack(ByteBuffer memory) {
    int size = memory.capacity();
    usedBytes -= size;
    int index = sizeClass(size);
    if (index < CLASSES && idleBytes + size <= idleBytesMax) {
      idle.get(index).addFirst(memory);
      idleBytes += size;
    }
  }

  private synchronized ByteBuffer memory(int bytes) {
    int index = sizeClass(bytes);
    ByteBuffer memory = index < CLASSES ? idle.get(index).pollFirst() : null;
    if (memory == null) {
      memory = ByteBuffer.allocateDirect(index < CLASSES ? 1 << (SMALLEST_SHIFT + index) : bytes);
    } else {
      idleBytes -= memory.capacity();
    }
    usedBytes += memory.capacity();
    return memory;
  }

  private static int sizeClass(int bytes) {
    return bytes <= 1 << SMALLEST_SHIFT
        ? 0
        : 32 - Integer.numberOfLeadingZeros(bytes - 1) - SMALLEST_SHIFT;
  }
}
