package io.millrace.storage.object;

import java.util.concurrent.atomic.LongAdder;

/**
 * What merges read and wrote since the process started. Any thread may read. There are two classes:
 * partitions with so much in a merge that they get objects of their own, and those that share them.
 */
public final class MergeCounters {
  private final LongAdder merges = new LongAdder();
  private final LongAdder failures = new LongAdder();
  private final LongAdder inputBytes = new LongAdder();
  private final Written own = new Written();
  private final Written shared = new Written();

  /** Bytes written of one class, published or not. */
  public static final class Written {
    private final LongAdder first = new LongAdder();
    private final LongAdder again = new LongAdder();

    /** Of what was in the log only. */
    public long first() {
      return first.sum();
    }

    /** Of what was in objects of the class before. */
    public long again() {
      return again.sum();
    }

    /** How often a byte was written on average, to the log and to objects; 0 if none was yet. */
    public double amplification() {
      long once = first();
      return once == 0 ? 0 : 2 + (double) again() / once;
    }
  }

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

  /** Objects of one partition. */
  public Written own() {
    return own;
  }

  /** Objects of several partitions. */
  public Written shared() {
    return shared;
  }

  /**
   * @param own whether it is of one partition
   */
  void addFirst(boolean own, long bytes) {
    (own ? this.own : shared).first.add(bytes);
  }

  /**
   * @param own whether it was in objects of one partition before
   */
  void addAgain(boolean own, long bytes) {
    (own ? this.own : shared).again.add(bytes);
  }

  void addMerge(long bytes) {
    merges.increment();
    inputBytes.add(bytes);
  }

  void addFailure() {
    failures.increment();
  }
}
