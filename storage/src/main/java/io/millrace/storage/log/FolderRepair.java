package io.millrace.storage.log;

import io.millrace.runtime.Disk;
import io.millrace.runtime.Disk.DiskLock;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import io.millrace.storage.metadata.MetadataImage.IncarnationState;
import io.millrace.storage.recovery.WalQuarantine;
import io.millrace.storage.wal.WalFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Puts aside what keeps a broker from starting on its data folder: the part of a write-ahead log
 * from its first damaged entry on. Blocks.
 */
public final class FolderRepair {
  private final Disk disk;
  private final Path root;

  public FolderRepair(Disk disk, Path root) {
    this.disk = disk;
    this.root = root;
  }

  /**
   * Returns the files, in the folder "quarantine", in which the bytes are now.
   *
   * @throws UnusableStoreException if a broker runs on the folder
   * @throws io.millrace.storage.recovery.WalCorruptException if something else is damaged
   */
  public List<Path> run(MetadataImage image) throws IOException {
    DataFolder folder = new DataFolder(root);
    WalQuarantine quarantine =
        new WalQuarantine(disk, new WalFolder(folder.store()), root.resolve("quarantine"));
    List<Path> copies = new ArrayList<>();
    try (DiskLock _ = folder.lock(disk)) {
      for (Incarnation each : image.incarnations().values()) {
        if (each.state() != IncarnationState.RECOVERED) {
          copies.addAll(quarantine.run(each.writer(), each.trim(), each.publishedCounter()));
        }
      }
    }
    return copies;
  }
}
