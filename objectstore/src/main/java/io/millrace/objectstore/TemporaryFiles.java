package io.millrace.objectstore;

import io.millrace.objectstore.ObjectStore.UnfinishedPut;
import io.millrace.runtime.Disk;
import io.millrace.runtime.Disk.DiskFile;
import io.millrace.runtime.Disk.Mode;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Files of unfinished puts, outside the key space. The name is a number and the key with '~' for
 * '/', cut into folders where it would be too long for one name, so that what a dead process left
 * can be told and removed.
 */
final class TemporaryFiles {
  private static final int NAME_PART_MAX = 200;

  private final Disk disk;
  private final Path folder;
  private final AtomicLong nextNumber = new AtomicLong();

  TemporaryFiles(Disk disk, Path folder) {
    this.disk = disk;
    this.folder = folder;
  }

  record Temporary(Path path, DiskFile file) {}

  Temporary create(String key) throws IOException {
    while (true) {
      String id = nextNumber.getAndIncrement() + "~" + key.replace('/', '~');
      Path path = pathOfId(id);
      try {
        Path parent = path.getParent();
        if (parent != null && !disk.isDirectory(parent)) {
          disk.createDirectories(parent);
        }
        return new Temporary(path, disk.open(path, Mode.CREATE));
      } catch (FileAlreadyExistsException leftByDeadProcess) {
        // The next number may be free.
      }
    }
  }

  /** Best effort: what stays is listed as unfinished. */
  void discard(Path path) {
    try {
      disk.delete(path);
    } catch (IOException stays) {
      // The object itself is settled; a name more or less outside the key space changes nothing.
    }
  }

  List<UnfinishedPut> list(String prefix) throws IOException {
    List<UnfinishedPut> puts = new ArrayList<>();
    collect(folder, "", prefix, puts);
    return List.copyOf(puts);
  }

  /** Throws IllegalArgumentException unless id and key belong together. */
  Path path(UnfinishedPut put) {
    ObjectKeys.check(put.key());
    String key = keyOfId(put.id());
    if (key == null || !key.equals(put.key())) {
      throw new IllegalArgumentException("not an unfinished put of " + put.key() + ": " + put.id());
    }
    return pathOfId(put.id());
  }

  private void collect(Path at, String idSoFar, String prefix, List<UnfinishedPut> puts)
      throws IOException {
    for (String name : disk.list(at)) {
      String id = idSoFar + name;
      if (disk.isDirectory(at.resolve(name))) {
        collect(at.resolve(name), id, prefix, puts);
        continue;
      }
      String key = keyOfId(id);
      if (key != null && key.startsWith(prefix)) {
        puts.add(new UnfinishedPut(key, id));
      }
    }
  }

  private static @Nullable String keyOfId(String id) {
    int separator = id.indexOf('~');
    if (separator < 1 || !id.substring(0, separator).chars().allMatch(c -> c >= '0' && c <= '9')) {
      return null;
    }
    String key = id.substring(separator + 1).replace('~', '/');
    try {
      return ObjectKeys.check(key);
    } catch (IllegalArgumentException notOurs) {
      return null;
    }
  }

  private Path pathOfId(String id) {
    Path path = folder;
    for (int at = 0; at < id.length(); at += NAME_PART_MAX) {
      path = path.resolve(id.substring(at, Math.min(id.length(), at + NAME_PART_MAX)));
    }
    return path;
  }
}
