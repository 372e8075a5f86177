package io.millrace.storage.wal;

import java.util.concurrent.atomic.LongAdder;

/**
 * What a WAL has done so far; read by metrics on any thread. What a FileWal does with a sync, an
 * ObjectWal does with the put of an entry.
 */
public final class WalCounters {
  private final LongAdder entries = new LongAdder();
  private final LongAdder batches = new LongAdder();
  private final LongAdder writtenBytes = new LongAdder();
  private final LongAdder syncs = new LongAdder();
  private final LongAdder writeNs = new LongAdder();
  private final LongAdder syncNs = new LongAdder();
  private final LongAdder refused = new LongAdder();
  private volatile long recentSyncNs;

  /** Entries written, durable marks included. */
  public long entries() {
    return entries.sum();
  }

  public long batches() {
    return batches.sum();
  }

  /**
   * Bytes of entries with frame and padding; zeros of spares count in {@link
   * SpareFiles#filledBytes}.
   */
  public long writtenBytes() {
    return writtenBytes.sum();
  }

  /** Syncs of group commits; entries stored. */
  public long syncs() {
    return syncs.sum();
  }

  /** Time spent in them. */
  public long syncNs() {
    return syncNs.sum();
  }

  /** Time spent assembling and writing entries. */
  public long writeNs() {
    return writeNs.sum();
  }

  /** Batches not taken for want of room. */
  public long refused() {
    return refused.sum();
  }

  /** Moving average of what one took: merges yield to it. */
  public long recentSyncNs() {
    return recentSyncNs;
  }

  void onRefused() {
    refused.increment();
  }

  void onWrite(int count, long bytes, long ns) {
    entries.increment();
    batches.add(count);
    writtenBytes.add(bytes);
    writeNs.add(ns);
  }

  /** WAL loop only, so {@code recentSyncNs} has one writer. */
  void onSync(long ns) {
    syncs.increment();
    syncNs.add(ns);
    long before = recentSyncNs;
    recentSyncNs = before + (ns - before) / 8;
  }
}
