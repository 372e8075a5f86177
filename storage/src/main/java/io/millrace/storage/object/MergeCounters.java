package io.millrace.storage.object;

import java.util.concurrent.atomic.LongAdder;

/**
 * What merges read and wrote since the process started; with the log's own bytes these give the
 * write amplification per class.
 */
public final class MergeCounters {
  private final LongAdder merges = new LongAdder();
  private final LongAdder failures = new LongAdder();
  private final LongAdder inputBytes = new LongAdder();
  private final LongAdder ownBytes = new LongAdder();
  private final LongAdder sharedBytes = new LongAdder();

  /** Published merges. */
  public long merges() {
    return merges.sum();
  }

  /** Merges given up and begun again. */
  public long failures() {
    return failures.sum();
  }

  /** Sizes of the input objects of published merges. */
  public long inputBytes() {
    return inputBytes.sum();
  }

  /** Bytes written to objects of one partition, published or not. */
  public long ownBytes() {
    return ownBytes.sum();
  }

  /** Bytes written to shared objects, published or not. */
  public long sharedBytes() {
    return sharedBytes.sum();
  }

  void addWritten(boolean own, long bytes) {
    (own ? ownBytes : sharedBytes).add(bytes);
  }

  void addMerge(long bytes) {
    merges.increment();
    inputBytes.add(bytes);
  }

  void addFailure() {
    failures.increment();
  }
}
