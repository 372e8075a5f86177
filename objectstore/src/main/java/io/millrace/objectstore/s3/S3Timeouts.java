package io.millrace.objectstore.s3;

/**
 * How long one request may take before its outcome is Unknown.
 *
 * @param connectMs until a connection stands, and until one of the pool is free
 * @param silenceMs without a byte from the store
 * @param requestMs from the first byte sent to the last byte read
 */
record S3Timeouts(int connectMs, int silenceMs, int requestMs) {
  static final S3Timeouts DEFAULT = new S3Timeouts(5_000, 20_000, 60_000);
}
