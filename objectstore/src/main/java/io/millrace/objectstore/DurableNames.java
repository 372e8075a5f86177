package io.millrace.objectstore;

import io.millrace.runtime.Disk;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Which names of a directory store are known to be durable. A name that is seen may be lost with
 * the power: whoever made it may have died, or be about to sync its folder. Alone, a process syncs
 * each folder once, for what a dead one left; later names are its own. Beside others it syncs the
 * folder of each name it sees and has not seen before.
 */
final class DurableNames {
  /** Beyond it all are forgotten, at the price of syncing again. */
  private static final int FOLDERS_MAX = 1 << 12;

  private static final int FILES_MAX = 1 << 14;

  private final Disk disk;
  private final Path root;
  private final boolean shared;
  private final Set<Path> folders = ConcurrentHashMap.newKeySet();
  private final Set<Path> files = ConcurrentHashMap.newKeySet();

  DurableNames(Disk disk, Path root, boolean shared) {
    this.disk = disk;
    this.root = root;
    this.shared = shared;
  }

  /** Makes the folder's own name durable, those above it, and what lies in it now. */
  void believeFolder(Path folder) throws IOException {
    if (folders.contains(folder)) {
      return;
    }
    Path above = folder.getParent();
    if (!folder.startsWith(root) || above == null) {
      syncAboveTheRoot(folder);
      return;
    }
    believeFolder(above);
    try {
      disk.syncDirectory(folder);
    } catch (NoSuchFileException notYet) {
      return;
    }
    if (shared) {
      // Another process may have made this folder after the one above was synced.
      syncAbove(above);
    }
    remember(folders, List.of(folder), FOLDERS_MAX);
  }

  /** Makes the names of files in this folder durable that were seen there. */
  void believeSeen(Path folder, List<Path> seen) throws IOException {
    if (!shared || files.containsAll(seen)) {
      return;
    }
    believeFolder(folder);
    disk.syncDirectory(folder);
    remember(files, seen, FILES_MAX);
  }

  /** The folder was synced after the name was there. */
  void synced(Path file) {
    if (shared) {
      remember(files, List.of(file), FILES_MAX);
    }
  }

  private void syncAbove(Path above) throws IOException {
    if (above.startsWith(root)) {
      disk.syncDirectory(above);
    } else {
      syncAboveTheRoot(above);
    }
  }

  /** That folder may belong to others, who then made the root as well. */
  private void syncAboveTheRoot(Path folder) throws IOException {
    try {
      disk.syncDirectory(folder);
    } catch (AccessDeniedException | NoSuchFileException notOurs) {
      // Nothing of ours is in it.
    }
  }

  private static void remember(Set<Path> known, List<Path> more, int max) {
    if (known.size() + more.size() > max) {
      known.clear();
    }
    known.addAll(more);
  }
}
