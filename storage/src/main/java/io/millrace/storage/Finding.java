package io.millrace.storage;

import java.util.Optional;

/**
 * Something that is wrong with a store.
 *
 * @param kind how bad it is
 * @param key of the object that it was found in, or that is missing
 * @param range the records that are concerned, if that is known
 * @param what for people
 */
public record Finding(Kind kind, String key, Optional<Range> range, String what) {
  /** How bad it is. */
  public enum Kind {
    /** Bytes are not what was written; they are there for inspection. */
    DAMAGED,
    /** Something is not there. */
    MISSING,
    /** Nothing is lost by it. */
    NOTE
  }

  /** Offsets from {@code from} up to, not including, {@code to}. */
  public record Range(PartitionId partition, long from, long to) {}

  public static Finding damaged(String key, String what) {
    return new Finding(Kind.DAMAGED, key, Optional.empty(), what);
  }

  public static Finding damaged(String key, Range range, String what) {
    return new Finding(Kind.DAMAGED, key, Optional.of(range), what);
  }

  public static Finding missing(String key, String what) {
    return new Finding(Kind.MISSING, key, Optional.empty(), what);
  }

  public static Finding missing(String key, Range range, String what) {
    return new Finding(Kind.MISSING, key, Optional.of(range), what);
  }

  public static Finding note(String key, String what) {
    return new Finding(Kind.NOTE, key, Optional.empty(), what);
  }
}
