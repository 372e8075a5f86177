package io.millrace.objectstore;

import io.millrace.runtime.Disk;
import io.millrace.runtime.Disk.DiskFile;
import io.millrace.runtime.Disk.Mode;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;

/**
 * Whose a folder with a directory store is, for good: one broker's, which locks a file in it, or a
 * cluster's, which has put its mark there. Both keep objects under the same names, so neither may
 * take the other's. Says nothing about a folder that two kinds take at the same moment.
 */
public final class FolderClaim {
  private final Disk disk;
  private final Path root;

  public FolderClaim(Disk disk, Path root) {
    this.disk = disk;
    this.root = root;
  }

  /** What the one broker locks. */
  public Path lock() {
    return root.resolve("lock");
  }

  private Path mark() {
    return root.resolve("shared");
  }

  /** Whether it is a cluster's. */
  public boolean shared() throws IOException {
    return disk.exists(mark());
  }

  /** Makes it a cluster's; false if it is one broker's. */
  public boolean share() throws IOException {
    if (disk.exists(lock())) {
      return false;
    }
    disk.createDirectories(root);
    try (DiskFile mark = disk.open(mark(), Mode.CREATE)) {
      mark.sync();
    } catch (FileAlreadyExistsException marked) {
      // by whoever was first
    }
    disk.syncDirectory(root);
    return true;
  }
}
