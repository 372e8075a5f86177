package io.millrace.runtime.simulated;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.BitSet;
import java.util.SplittableRandom;

/**
 * One file's bytes twice: as the page cache shows them and as the medium holds them, with the
 * sectors that differ because nobody synced them yet. After a failed sync a sector may differ
 * without being marked: the cache shows what will never be written.
 */
final class SimulatedFile {
  static final int SECTOR_BYTES = 512;

  private byte[] cache = new byte[0];
  private int cacheSize;
  private byte[] medium = new byte[0];
  private int mediumSize;
  private final BitSet dirty = new BitSet();
  private boolean sizeDirty;

  int size() {
    return cacheSize;
  }

  int read(ByteBuffer target, long position) {
    if (position >= cacheSize) {
      return target.hasRemaining() ? -1 : 0;
    }
    int count = (int) Math.min(target.remaining(), cacheSize - position);
    target.put(cache, (int) position, count);
    return count;
  }

  void write(ByteBuffer source, long position) {
    int count = source.remaining();
    if (count == 0) {
      return;
    }
    int at = Math.toIntExact(position);
    int end = Math.addExact(at, count);
    if (end > cacheSize) {
      markDirty(cacheSize, end);
      cacheSize = end;
      cache = grown(cache, end);
      sizeDirty = true;
    }
    source.get(cache, at, count);
    markDirty(at, end);
  }

  boolean unsynced() {
    return sizeDirty || !dirty.isEmpty();
  }

  void sync() {
    medium = grown(medium, cacheSize);
    for (int sector = dirty.nextSetBit(0); sector >= 0; sector = dirty.nextSetBit(sector + 1)) {
      writeBack(sector);
    }
    mediumSize = cacheSize;
    dirty.clear();
    sizeDirty = false;
  }

  /**
   * Some sectors reach the medium; all are taken for clean from now on, although the cache keeps
   * showing the others.
   */
  void failSync(SplittableRandom random) {
    keepSome(random);
    dirty.clear();
    sizeDirty = false;
  }

  /** The kernel writes back some sectors of its own accord. */
  void writeBackSome(SplittableRandom random) {
    for (int sector = dirty.nextSetBit(0); sector >= 0; sector = dirty.nextSetBit(sector + 1)) {
      if (random.nextInt(4) == 0 && sector * SECTOR_BYTES < mediumSize) {
        writeBack(sector);
        dirty.clear(sector);
      }
    }
  }

  /** Of the unsynced sectors a seeded subset survives; the cache is gone. */
  void losePower(SplittableRandom random) {
    keepSome(random);
    cache = Arrays.copyOf(medium, mediumSize);
    cacheSize = mediumSize;
    dirty.clear();
    sizeDirty = false;
  }

  void flipBit(long bit) {
    int at = Math.toIntExact(bit >>> 3);
    byte mask = (byte) (1 << (bit & 7));
    cache[at] ^= mask;
    if (at < mediumSize) {
      medium[at] ^= mask;
    }
  }

  /** What a power loss would leave if it took every unsynced sector. */
  byte[] mediumBytes() {
    return Arrays.copyOf(medium, mediumSize);
  }

  byte[] cacheBytes() {
    return Arrays.copyOf(cache, cacheSize);
  }

  private void keepSome(SplittableRandom random) {
    int keptOfEight = random.nextInt(4) == 0 ? 8 * random.nextInt(2) : random.nextInt(9);
    if (sizeDirty && random.nextInt(8) < keptOfEight) {
      medium = grown(medium, cacheSize);
      mediumSize = cacheSize;
    }
    for (int sector = dirty.nextSetBit(0); sector >= 0; sector = dirty.nextSetBit(sector + 1)) {
      if (sector * SECTOR_BYTES < mediumSize && random.nextInt(8) < keptOfEight) {
        writeBack(sector);
      }
    }
  }

  private void writeBack(int sector) {
    int from = sector * SECTOR_BYTES;
    int to = Math.min(Math.min(from + SECTOR_BYTES, cacheSize), medium.length);
    if (from < to) {
      System.arraycopy(cache, from, medium, from, to - from);
    }
  }

  private void markDirty(int from, int to) {
    if (from < to) {
      dirty.set(from / SECTOR_BYTES, (to - 1) / SECTOR_BYTES + 1);
    }
  }

  private static byte[] grown(byte[] bytes, int size) {
    return bytes.length >= size
        ? bytes
        : Arrays.copyOf(
            bytes, Math.max(size, Math.min(bytes.length * 2, bytes.length + (1 << 20))));
  }
}
