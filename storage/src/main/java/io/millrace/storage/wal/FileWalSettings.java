package io.millrace.storage.wal;

import java.util.concurrent.TimeUnit;

/**
 * Values a FileWal works by.
 *
 * @param fileBytes size of a file, once the first, smaller ones are full
 * @param firstFileBytes size of the first file of an incarnation; each further one is twice as
 *     large, up to fileBytes
 * @param entryBytesMax most bytes of batches in one entry; a single larger batch gets an entry of
 *     its own
 * @param syncIntervalNs time between syncs with {@link WalSync#INTERVAL}
 * @param idleMarkDelayNs quiet time after which a durable mark follows the last entry
 * @param reserveBytes what only {@link WalBatch#mayUseReserve} may use of the current file while no
 *     other can be had
 * @param unpublishedFilesMax sealed files that may wait for their publication before batches are
 *     refused
 */
public record FileWalSettings(
    long fileBytes,
    long firstFileBytes,
    int entryBytesMax,
    WalSync sync,
    long syncIntervalNs,
    long idleMarkDelayNs,
    long reserveBytes,
    int unpublishedFilesMax) {

  private static final long FILE_BYTES_MIN = 64 << 10;

  public FileWalSettings {
    if (firstFileBytes < FILE_BYTES_MIN || fileBytes < firstFileBytes || fileBytes > 1L << 40) {
      throw new IllegalArgumentException(
          "WAL files of %d to %d bytes".formatted(firstFileBytes, fileBytes));
    }
    if (entryBytesMax < 1 || entryBytesMax > 1 << 30) {
      throw new IllegalArgumentException("WAL entries of %d bytes".formatted(entryBytesMax));
    }
    if (reserveBytes < 0 || reserveBytes > firstFileBytes / 2 || unpublishedFilesMax < 1) {
      throw new IllegalArgumentException(
          "a reserve of %d bytes, %d unpublished files"
              .formatted(reserveBytes, unpublishedFilesMax));
    }
  }

  /** What a broker derives from its configuration. */
  public static FileWalSettings of(
      long fileBytes, int entryBytesMax, WalSync sync, long syncIntervalMs) {
    long first = Math.min(fileBytes, 16L << 20);
    return new FileWalSettings(
        fileBytes,
        first,
        entryBytesMax,
        sync,
        TimeUnit.MILLISECONDS.toNanos(syncIntervalMs),
        TimeUnit.MILLISECONDS.toNanos(100),
        first / 16,
        32);
  }

  /** Size of the file with this counter. */
  long fileBytes(long counter) {
    long bytes = firstFileBytes;
    for (long i = 0; i < counter && bytes < fileBytes; i++) {
      bytes *= 2;
    }
    return WalEntryCodec.aligned(Math.min(bytes, fileBytes));
  }
}
