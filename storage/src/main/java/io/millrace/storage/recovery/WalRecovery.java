package io.millrace.storage.recovery;

import io.millrace.runtime.Disk;
import io.millrace.runtime.Disk.DiskFile;
import io.millrace.runtime.Disk.Mode;
import io.millrace.storage.Keys;
import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.ObjectInfo;
import io.millrace.storage.object.EncodedFooter;
import io.millrace.storage.recovery.AdoptedFile.Place;
import io.millrace.storage.wal.WalEntry;
import io.millrace.storage.wal.WalEntryCodec;
import io.millrace.storage.wal.WalEntryCodec.Decoded;
import io.millrace.storage.wal.WalEntryReader;
import io.millrace.storage.wal.WalFolder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Decides what the log of a fenced and sealed incarnation is, and makes it durable. All of it may
 * be repeated after a crash at any point, until the log is committed as recovered; from then on its
 * files are objects. Blocks; one thread. Steps: docs/protocols/recovery.md.
 */
public final class WalRecovery {
  private final Disk disk;
  private final WalFolder folder;

  public WalRecovery(Disk disk, WalFolder folder) {
    this.disk = disk;
    this.folder = folder;
  }

  /**
   * @param trim the frozen trim
   * @param publishedCounter files up to it were published and are not looked at
   * @throws WalCorruptException if what was durable is damaged; nothing was written
   * @throws IOException if a read, write or sync failed: the whole may be tried again, by a new
   *     process
   */
  public RecoveredLog recover(WriterId ended, long trim, long publishedCounter) throws IOException {
    LogScan scan = new LogScan(disk, ended, trim, folder.filesAbove(disk, ended, publishedCounter));
    scan.run();
    List<ObjectInfo> objects = new ArrayList<>();
    for (AdoptedFile file : scan.adopted()) {
      objects.add(complete(ended, file));
    }
    return new RecoveredLog(scan.endSequence(), List.copyOf(objects));
  }

  /** Writes again what may be in the page cache only, then the footer; durable when it returns. */
  private ObjectInfo complete(WriterId ended, AdoptedFile adopted) throws IOException {
    EncodedFooter footer = adopted.footer.encode();
    try (DiskFile file = disk.open(adopted.path, Mode.WRITE)) {
      WalEntryReader reader = new WalEntryReader(file, ended);
      for (Place place : adopted.unconfirmed) {
        file.write(sameBytes(reader, adopted, place), place.position());
      }
      file.write(WalEntryCodec.wholeBlocks(footer.bytes()), adopted.endPosition);
      file.sync();
    }
    return footer.object(Keys.wal(ended, adopted.counter), 0, ended, adopted.endPosition);
  }

  private static ByteBuffer sameBytes(WalEntryReader reader, AdoptedFile file, Place place)
      throws IOException {
    if (reader.read(place.position()) instanceof Decoded.Whole(WalEntry entry)
        && entry.sequence() == place.sequence()) {
      return reader.blocks(place.position(), entry);
    }
    throw new IOException(
        "%s reads differently at %d than before".formatted(file.path, place.position()));
  }

  /**
   * Deletes the files of a recovered incarnation that {@code listed} does not name: empty ones and
   * torn tails.
   */
  public void deleteLeftovers(WriterId ended, Set<String> listed) throws IOException {
    Path incarnation = folder.incarnation(ended);
    List<String> names = disk.list(incarnation);
    int left = names.size();
    for (String name : names) {
      if (!listed.contains(Keys.wal(ended, Keys.number(name)))) {
        // Deleted, not made a spare: after a power loss the file may still have its name there as
        // well.
        disk.delete(incarnation.resolve(name));
        left--;
      }
    }
    if (left == 0 && disk.exists(incarnation)) {
      disk.delete(incarnation);
    }
  }
}
