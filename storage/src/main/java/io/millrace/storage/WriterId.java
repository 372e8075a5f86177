package io.millrace.storage;

/**
 * The random 128-bit name of one incarnation of a broker; never reused (invariant I15). Prints as
 * 32 hex digits.
 */
public record WriterId(long high, long low) implements Comparable<WriterId> {
  public static WriterId parse(String hex) {
    if (hex.length() != 32) {
      throw new IllegalArgumentException("a writer id has 32 hex digits: " + hex);
    }
    return new WriterId(
        Long.parseUnsignedLong(hex, 0, 16, 16), Long.parseUnsignedLong(hex, 16, 32, 16));
  }

  @Override
  public int compareTo(WriterId o) {
    int c = Long.compareUnsigned(high, o.high);
    return c != 0 ? c : Long.compareUnsigned(low, o.low);
  }

  @Override
  public String toString() {
    return "%016x%016x".formatted(high, low);
  }
}
