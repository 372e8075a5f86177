package io.millrace.storage.log;

import io.millrace.storage.wal.FileWalSettings;
import java.nio.file.Path;

/**
 * Values of a broker alone in its folder.
 *
 * @param dataFolder holds the lock, the directory store and spare WAL files
 * @param spareFilesMax WAL files kept for use again
 * @param diskReserveBytes of the volume that WAL files leave alone, for metadata and collecting
 *     garbage
 */
public record FolderSettings(
    Path dataFolder, FileWalSettings wal, int spareFilesMax, long diskReserveBytes) {
  private static final int SPARE_FILES = 4;
  private static final long RESERVE_BYTES = 64L << 20;

  /** What a broker derives from its configuration. */
  public static FolderSettings of(Path dataFolder, FileWalSettings wal) {
    return new FolderSettings(dataFolder, wal, SPARE_FILES, RESERVE_BYTES);
  }
}
