package io.millrace.storage.log;

import io.millrace.storage.metadata.BoundarySpacing;

/**
 * Values the storage engine works by, wherever its log lies.
 *
 * @param walBacklogBytesMax published WAL files that may wait to be merged
 * @param logCacheBytes off-heap memory for the newest records of all partitions
 * @param logCacheChunkBytes pieces it is used in
 * @param blockCacheBytes off-heap memory for blocks of older records
 * @param footerCacheBytes memory for footers of objects
 * @param producerIdleMsMax monotonic time without a write after which a producer is forgotten
 * @param producerIdleCheckMs time between looks for such producers
 * @param checkpointIntervalMs time between checkpoints of the partitions that grew
 * @param opensMax partitions that open at the same time
 * @param boundarySpacing how often the metadata image is written as a snapshot
 * @param garbageIntervalMs time between looks for objects that nothing refers to
 */
public record StorageSettings(
    long walBacklogBytesMax,
    long logCacheBytes,
    int logCacheChunkBytes,
    long blockCacheBytes,
    long footerCacheBytes,
    long producerIdleMsMax,
    long producerIdleCheckMs,
    long checkpointIntervalMs,
    int opensMax,
    BoundarySpacing boundarySpacing,
    long garbageIntervalMs) {
  private static final long GARBAGE_INTERVAL_MS = 60_000;

  /** What a broker derives from its configuration. */
  public static StorageSettings of(
      long walBacklogBytesMax,
      long logCacheBytes,
      long blockCacheBytes,
      long producerIdleMsMax,
      long producerIdleCheckMs) {
    int chunkBytes = Math.clamp(logCacheBytes / 16, 1 << 20, 16 << 20);
    return new StorageSettings(
        walBacklogBytesMax,
        logCacheBytes,
        chunkBytes,
        blockCacheBytes,
        32L << 20,
        producerIdleMsMax,
        producerIdleCheckMs,
        300_000,
        16,
        BoundarySpacing.NORMAL,
        GARBAGE_INTERVAL_MS);
  }
}
