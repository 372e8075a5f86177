package io.millrace.storage.wal;

/**
 * When written entries are synced; the values of {@code wal.sync}. Only {@link #ALWAYS} makes
 * acknowledged mean durable.
 */
public enum WalSync {
  ALWAYS,
  INTERVAL,
  NEVER
}
