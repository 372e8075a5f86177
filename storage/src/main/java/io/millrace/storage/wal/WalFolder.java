package io.millrace.storage.wal;

import io.millrace.runtime.Disk;
import io.millrace.storage.Keys;
import io.millrace.storage.WriterId;
import java.io.IOException;
import java.nio.file.Path;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Where WAL files lie: in the folder of the directory store, at the path of their key, so that
 * publishing them needs no copy.
 */
public record WalFolder(Path storeFolder) {
  public Path file(WriterId writer, long counter) {
    return storeFolder.resolve(Keys.wal(writer, counter));
  }

  public Path incarnation(WriterId writer) {
    return storeFolder.resolve(Keys.walPrefix(writer));
  }

  /** The files of a log above a counter, by counter. */
  public SortedMap<Long, Path> filesAbove(Disk disk, WriterId writer, long counter)
      throws IOException {
    SortedMap<Long, Path> files = new TreeMap<>();
    for (String name : disk.list(incarnation(writer))) {
      long found = Keys.number(name);
      if (found > counter) {
        files.put(found, file(writer, found));
      }
    }
    return files;
  }
}
