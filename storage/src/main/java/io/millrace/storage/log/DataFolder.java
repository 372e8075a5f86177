package io.millrace.storage.log;

import io.millrace.objectstore.FolderClaim;
import io.millrace.runtime.Disk;
import io.millrace.runtime.Disk.DiskLock;
import io.millrace.runtime.Disk.LockedException;
import java.io.IOException;
import java.nio.file.Path;

/** The folder that one process at a time may use: its lock, and where things lie in it. */
final class DataFolder {
  private final Path root;

  DataFolder(Path root) {
    this.root = root;
  }

  /** Where the directory store keeps its objects. */
  Path store() {
    return root.resolve("store");
  }

  Path spares() {
    return root.resolve("spare");
  }

  /** Makes the folder if it is absent. */
  DiskLock lock(Disk disk) {
    FolderClaim claim = new FolderClaim(disk, root);
    try {
      if (claim.shared()) {
        throw new UnusableStoreException(
            "The data folder %s is the store of a cluster. Start one of its brokers (--store file:%s), or start with another folder (--data)."
                .formatted(root, root),
            null);
      }
      disk.createDirectories(root);
      return disk.lock(claim.lock());
    } catch (LockedException e) {
      throw new UnusableStoreException(
          "The data folder %s is in use by another process. Stop that process, or start with another folder (--data)."
              .formatted(root),
          e);
    } catch (IOException e) {
      throw new UnusableStoreException(
          "The data folder %s cannot be used (%s). Give it to the user that runs the broker, or start with another folder"
                  .formatted(root, e)
              + " (--data).",
          e);
    }
  }

  UnusableStoreException newer(Throwable cause) {
    return new UnusableStoreException(
        ("The data folder %s was written by a newer version of Millrace (%s). Start that version, or start with another folder"
                + " (--data).")
            .formatted(root, cause.getMessage()),
        cause);
  }
}
