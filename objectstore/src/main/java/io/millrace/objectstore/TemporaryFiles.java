package io.millrace.objectstore;

import io.millrace.objectstore.ObjectStore.UnfinishedPut;
import io.millrace.runtime.Disk;
import io.millrace.runtime.Disk.DiskFile;
import io.millrace.runtime.Disk.Mode;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Files of unfinished puts, outside the key space. The name is the process, a number and the key
 * with '~' for '/', cut into folders where it would be too long for one name, so that what a dead
 * process left can be told and removed. No name is used twice, so that a put whose file was taken
 * away can never publish or remove another's.
 */
final class TemporaryFiles {
  private static final int NAME_PART_MAX = 200;
  private static final Pattern NUMBER = Pattern.compile("([0-9a-f]+\\.)?[0-9]+");

  private final Disk disk;
  private final Path folder;
  private final String process;
  private final AtomicLong nextNumber = new AtomicLong();

  /**
   * @param process in hexadecimal, of this process and no other; "" where a lock keeps others out
   */
  TemporaryFiles(Disk disk, Path folder, String process) {
    this.disk = disk;
    this.folder = folder;
    this.process = process.isEmpty() ? "" : process + ".";
  }

  record Temporary(Path path, DiskFile file) {}

  Temporary create(String key) throws IOException {
    while (true) {
      String id = process + nextNumber.getAndIncrement() + "~" + key.replace('/', '~');
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
      remove(path);
    } catch (IOException stays) {
      // The object itself is settled; a name more or less outside the key space changes nothing.
    }
  }

  /** Removes the file, if it is there, and the folders only it needed. */
  void remove(Path path) throws IOException {
    try {
      disk.delete(path);
    } catch (NoSuchFileException gone) {
      // Finished or aborted by another.
    }
    Path above = path.getParent();
    while (above != null && !above.equals(folder)) {
      try {
        disk.delete(above);
      } catch (NoSuchFileException gone) {
        // Removed by another who aborts the same put.
      }
      above = above.getParent();
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
    if (separator < 1 || !NUMBER.matcher(id.substring(0, separator)).matches()) {
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
