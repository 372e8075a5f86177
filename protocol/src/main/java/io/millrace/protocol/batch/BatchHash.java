package io.millrace.protocol.batch;

import java.nio.ByteBuffer;

/**
 * A sum of batch hashes modulo 2^128. A batch's hash mixes what its header says of place, content
 * and producer; the stored CRC stands for the records, so a sum proves content only where the CRC
 * of each batch was checked too. Sums of disjoint sets of batches add up, whatever the order
 * (invariant I7). Not thread-safe.
 */
public final class BatchHash {
  private static final long SEED_HIGH = 0x6a09e667f3bcc908L;
  private static final long SEED_LOW = 0xbb67ae8584caa73bL;

  private long high;
  private long low;

  public long high() {
    return high;
  }

  public long low() {
    return low;
  }

  /** Adds the batch that begins at {@code at}. */
  public void add(ByteBuffer b, int at) {
    add(lane(SEED_HIGH, b, at), lane(SEED_LOW, b, at));
  }

  /** Adds another sum. */
  public void add(long otherHigh, long otherLow) {
    long sum = low + otherLow;
    high += otherHigh + (Long.compareUnsigned(sum, otherLow) < 0 ? 1 : 0);
    low = sum;
  }

  /** Takes another sum away. */
  public void subtract(long otherHigh, long otherLow) {
    high -= otherHigh + (Long.compareUnsigned(low, otherLow) < 0 ? 1 : 0);
    low -= otherLow;
  }

  private static long lane(long seed, ByteBuffer b, int at) {
    long h = mix(seed ^ BatchHeader.baseOffset(b, at));
    h = mix(h ^ pair(BatchHeader.leaderEpoch(b, at), BatchHeader.sizeBytes(b, at)));
    h = mix(h ^ pair(BatchHeader.crc(b, at), BatchHeader.lastOffsetDelta(b, at)));
    h = mix(h ^ pair(BatchHeader.recordCount(b, at), BatchHeader.baseSequence(b, at)));
    h = mix(h ^ BatchHeader.producerId(b, at));
    h = mix(h ^ BatchHeader.maxTimestamp(b, at));
    return mix(h ^ pair(BatchHeader.attributes(b, at), BatchHeader.producerEpoch(b, at)));
  }

  private static long pair(int first, int second) {
    return ((long) first << 32) | (second & 0xffffffffL);
  }

  /** The finalizer of SplitMix64 after an odd step, so that zero words change the state too. */
  private static long mix(long z) {
    long s = z + 0x9e3779b97f4a7c15L;
    s = (s ^ (s >>> 30)) * 0xbf58476d1ce4e5b9L;
    s = (s ^ (s >>> 27)) * 0x94d049bb133111ebL;
    return s ^ (s >>> 31);
  }
}
