package io.millrace.storage.wal;

import io.millrace.storage.Keys;
import io.millrace.storage.WriterId;
import java.nio.file.Path;

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
}
