package io.millrace.storage;

import java.util.regex.Pattern;

/**
 * The keys of the store, all in one place. Numbers are 20 decimal digits, so byte order is number
 * order.
 */
public final class Keys {
  public static final String META_LOG = "meta/log/";
  public static final String META_BOUNDARY = "meta/boundary/";
  public static final String WAL = "wal/";
  public static final String DATA = "data/";
  public static final String CHECKPOINT = "checkpoint/";
  public static final String META_SNAPSHOT = "meta/snapshot/";
  public static final String FENCE = "fence/";
  public static final String PROBE = "probe/";

  private static final Pattern WELL_FORMED =
      Pattern.compile(
          "(meta/log|meta/boundary|(wal|data|checkpoint|meta/snapshot|probe)/[0-9a-f]{32})/[0-9]{20}|fence/[0-9a-f]{32}");

  private Keys() {}

  /** Whether it is one of ours; what others put into the bucket is left alone. */
  public static boolean isWellFormed(String key) {
    return WELL_FORMED.matcher(key).matches();
  }

  public static String metaEntry(long number) {
    return META_LOG + digits(number);
  }

  public static String boundary(long number) {
    return META_BOUNDARY + digits(number);
  }

  /** A snapshot of the image; writer's counter. */
  public static String snapshot(WriterId writer, long counter) {
    return META_SNAPSHOT + writer + "/" + digits(counter);
  }

  /** All WAL files (or entries) of one incarnation start with this. */
  public static String walPrefix(WriterId writer) {
    return WAL + writer + "/";
  }

  /** A WAL file: the counter; a WAL entry of an ObjectWal: the sequence number. */
  public static String wal(WriterId writer, long counter) {
    return walPrefix(writer) + digits(counter);
  }

  /** A merged object. */
  public static String data(WriterId writer, long counter) {
    return DATA + writer + "/" + digits(counter);
  }

  public static String checkpoint(WriterId writer, long counter) {
    return CHECKPOINT + writer + "/" + digits(counter);
  }

  /** What a newcomer tries the store with before it registers. */
  public static String probe(WriterId writer, long counter) {
    return PROBE + writer + "/" + digits(counter);
  }

  public static String fence(WriterId writer) {
    return FENCE + writer;
  }

  /** The incarnation in a key of {@link #fence}. */
  public static WriterId fenced(String key) {
    return WriterId.parse(key.substring(FENCE.length()));
  }

  /** The incarnation in a key of the form {@code .../<writer>/<counter>}. */
  public static WriterId writer(String key) {
    int end = key.lastIndexOf('/');
    return WriterId.parse(key.substring(key.lastIndexOf('/', end - 1) + 1, Math.max(end, 0)));
  }

  /** The number at the end of a key. */
  public static long number(String key) {
    return Long.parseLong(key, key.lastIndexOf('/') + 1, key.length(), 10);
  }

  private static String digits(long number) {
    if (number < 0) {
      throw new IllegalArgumentException("negative number in a key: " + number);
    }
    return "%020d".formatted(number);
  }
}
