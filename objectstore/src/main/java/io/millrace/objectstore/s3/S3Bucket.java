package io.millrace.objectstore.s3;

import io.millrace.objectstore.ObjectKeys;
import java.util.regex.Pattern;

/**
 * Where in an S3 service the objects lie.
 *
 * @param prefix goes before every key, with a slash between; "" for none
 */
public record S3Bucket(String bucket, String prefix, S3Endpoint endpoint) {
  /** S3 allows 1024 bytes; key and slash take the rest. */
  public static final int PREFIX_BYTES_MAX = 1024 - 1 - ObjectKeys.KEY_BYTES_MAX;

  private static final Pattern BUCKET = Pattern.compile("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]");

  public S3Bucket {
    if (!BUCKET.matcher(bucket).matches()) {
      throw new IllegalArgumentException(
          "'%s' is no bucket: its name has 3 to 63 of a-z, 0-9, '.' and '-', first and last a-z or 0-9"
              .formatted(bucket));
    }
    if (!prefix.isEmpty()) {
      check(prefix);
    }
  }

  /** What goes before every key. */
  String keyStart() {
    return prefix.isEmpty() ? "" : prefix + "/";
  }

  @Override
  public String toString() {
    return "s3://" + bucket + "/" + prefix;
  }

  private static void check(String prefix) {
    if (prefix.length() > PREFIX_BYTES_MAX) {
      throw new IllegalArgumentException(
          "a prefix has at most %d bytes, this one %d"
              .formatted(PREFIX_BYTES_MAX, prefix.length()));
    }
    try {
      ObjectKeys.check(prefix);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "'%s' is no prefix: its parts, with '/' between, have A-Z, a-z, 0-9, '.', '_' and '-'"
              .formatted(prefix),
          e);
    }
  }
}
