package io.millrace.objectstore;

/**
 * What a key may look like; the same for every store, so that a key valid in one is valid in all.
 */
public final class ObjectKeys {
  /** Longest key in bytes; S3 allows 1024 with the prefix of a store. */
  public static final int KEY_BYTES_MAX = 768;

  /** Longest segment in bytes. */
  public static final int SEGMENT_BYTES_MAX = 255;

  private ObjectKeys() {}

  /** Returns the key, or throws. */
  public static String check(String key) {
    if (!isKey(key)) {
      throw new IllegalArgumentException(
          key.isEmpty() || key.length() > KEY_BYTES_MAX
              ? "a key has 1 to %d bytes, this one %d".formatted(KEY_BYTES_MAX, key.length())
              : "not a valid key: " + key);
    }
    return key;
  }

  /** Whether it is a key; a bucket or folder may hold more than a store has put there. */
  public static boolean isKey(String key) {
    int length = key.length();
    if (length == 0 || length > KEY_BYTES_MAX) {
      return false;
    }
    int start = 0;
    for (int i = 0; i <= length; i++) {
      if (i == length || key.charAt(i) == '/') {
        if (!isSegment(key.substring(start, i))) {
          return false;
        }
        start = i + 1;
      }
    }
    return true;
  }

  /** A prefix is the beginning of a valid key, or empty. */
  public static String checkPrefix(String prefix) {
    if (!prefix.isEmpty()) {
      check(prefix.endsWith("/") ? prefix.substring(0, prefix.length() - 1) : prefix);
    }
    return prefix;
  }

  static boolean isSegment(String name) {
    if (name.isEmpty()
        || name.length() > SEGMENT_BYTES_MAX
        || name.equals(".")
        || name.equals("..")) {
      return false;
    }
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      boolean valid =
          (c >= 'a' && c <= 'z')
              || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9')
              || c == '.'
              || c == '_'
              || c == '-';
      if (!valid) {
        return false;
      }
    }
    return true;
  }
}
