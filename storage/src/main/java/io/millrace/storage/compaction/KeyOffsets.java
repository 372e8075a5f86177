package io.millrace.storage.compaction;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * The newest offset of each key, in bounded memory: a key is known by 128 bits of SHA-256 over a
 * salt and the key, so nobody can choose two keys that are taken for one. A hash table with linear
 * probing that grows as it fills. Not thread-safe.
 */
public final class KeyOffsets {
  private static final int WORDS = 3;
  private static final int SLOTS_MIN = 1024;
  private static final int SLOTS_MAX = Integer.MAX_VALUE / WORDS - 8;

  /** Of four slots three are used at most. */
  private static final int LOAD_PARTS = 4;

  private final byte[] salt;
  private final int slotsMax;
  private final MessageDigest digest;
  private long[] table = new long[SLOTS_MIN * WORDS];
  private int size;

  /**
   * @param salt the keys are hashed with
   * @param bytesMax memory the table may take
   */
  public KeyOffsets(byte[] salt, long bytesMax) {
    this.salt = salt.clone();
    this.slotsMax = Math.clamp(bytesMax / (WORDS * Long.BYTES), SLOTS_MIN, SLOTS_MAX);
    try {
      this.digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** Keys that are known. */
  public int size() {
    return size;
  }

  /**
   * Whether so many more keys find room. There is always room for as many as come at once when none
   * is known, so that a batch larger than the limit stops nothing for ever.
   */
  public boolean hasRoomFor(int keys) {
    return size == 0 || (long) size + keys <= (long) slotsMax / LOAD_PARTS * (LOAD_PARTS - 1);
  }

  /** The key has a record at this offset; of several the newest counts. */
  public void put(ByteBuffer key, long offset) {
    if (size + 1 > table.length / WORDS / LOAD_PARTS * (LOAD_PARTS - 1)) {
      grow();
    }
    ByteBuffer hash = hash(key);
    long high = hash.getLong();
    long low = hash.getLong();
    int at = find(table, high, low);
    if (table[at + 2] == 0) {
      size++;
      table[at] = high;
      table[at + 1] = low;
    }
    table[at + 2] = Math.max(table[at + 2], offset + 1);
  }

  /** The newest offset of the key, -1 if it is not known. */
  public long newest(ByteBuffer key) {
    ByteBuffer hash = hash(key);
    return table[find(table, hash.getLong(), hash.getLong()) + 2] - 1;
  }

  private ByteBuffer hash(ByteBuffer key) {
    digest.update(salt);
    digest.update(key.duplicate());
    return ByteBuffer.wrap(digest.digest());
  }

  /** Where the key is, or else the free slot it would take; offsets are kept one higher. */
  private static int find(long[] table, long high, long low) {
    int slots = table.length / WORDS;
    int slot = (int) Math.unsignedMultiplyHigh(high, slots);
    while (true) {
      int at = slot * WORDS;
      if (table[at + 2] == 0 || (table[at] == high && table[at + 1] == low)) {
        return at;
      }
      slot = slot + 1 == slots ? 0 : slot + 1;
    }
  }

  private void grow() {
    int slots = Math.toIntExact(Math.min(SLOTS_MAX, 2L * (table.length / WORDS)));
    long[] larger = new long[slots * WORDS];
    for (int at = 0; at < table.length; at += WORDS) {
      if (table[at + 2] != 0) {
        System.arraycopy(table, at, larger, find(larger, table[at], table[at + 1]), WORDS);
      }
    }
    table = larger;
  }
}
