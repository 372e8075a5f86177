package io.millrace.objectstore;

import java.util.concurrent.Executor;

/**
 * Where a store's blocking calls run. Small reads have threads of their own: proofs of leadership
 * and metadata never wait behind those who catch up.
 *
 * @param reads gets, heads, lists and short ranges
 * @param blockReads ranges longer than {@link #SMALL_RANGE_BYTES_MAX}
 */
public record StoreThreads(Executor writes, Executor reads, Executor blockReads) {
  public static final int SMALL_RANGE_BYTES_MAX = 64 << 10;

  /** The same for all. */
  public static StoreThreads same(Executor executor) {
    return new StoreThreads(executor, executor, executor);
  }

  public Executor readsOf(int length) {
    return length > SMALL_RANGE_BYTES_MAX ? blockReads : reads;
  }
}
