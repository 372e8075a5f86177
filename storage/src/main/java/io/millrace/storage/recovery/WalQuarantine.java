package io.millrace.storage.recovery;

import io.millrace.runtime.Disk;
import io.millrace.runtime.Disk.DiskFile;
import io.millrace.runtime.Disk.Mode;
import io.millrace.storage.WriterId;
import io.millrace.storage.recovery.WalCorruptException.Place;
import io.millrace.storage.wal.WalFolder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;

/**
 * Takes out of the log of an ended incarnation what is damaged and all that follows it, so that
 * what comes before can be recovered. The bytes are kept as files in a folder of their own; nothing
 * is made up for them. If it stops at any point, it may be run again: all copies are durable before
 * the first byte is overwritten, and a copy that is there is not made again. Blocks; under the
 * folder's lock.
 */
public final class WalQuarantine {
  private static final int CHUNK_BYTES = 1 << 20;

  private final Disk disk;
  private final WalFolder folder;
  private final Path quarantine;

  public WalQuarantine(Disk disk, WalFolder folder, Path quarantine) {
    this.disk = disk;
    this.folder = folder;
    this.quarantine = quarantine;
  }

  /** Bytes of a file from a position to its end. */
  private record Part(Path file, long position, Path copy) {}

  /**
   * Returns the copies; none if nothing is damaged.
   *
   * @param trim the frozen trim
   * @param publishedCounter files up to it were published and are not looked at
   * @throws WalCorruptException if what is damaged cannot be told from what is not
   */
  public List<Path> run(WriterId ended, long trim, long publishedCounter) throws IOException {
    SortedMap<Long, Path> files = folder.filesAbove(disk, ended, publishedCounter);
    List<Part> parts;
    try {
      new LogScan(disk, ended, trim, files).run();
      return List.of();
    } catch (WalCorruptException e) {
      parts = parts(ended, files, e.place().orElseThrow(() -> e));
    }
    disk.createDirectories(quarantine);
    for (Part part : parts) {
      if (!disk.exists(part.copy())) {
        copy(part);
      }
    }
    for (Part part : parts) {
      overwrite(part);
    }
    new LogScan(disk, ended, trim, files).run();
    return parts.stream().map(Part::copy).toList();
  }

  private List<Part> parts(WriterId ended, SortedMap<Long, Path> files, Place from) {
    List<Part> parts = new ArrayList<>();
    for (Map.Entry<Long, Path> each : files.entrySet()) {
      boolean first = each.getValue().equals(from.file());
      if (first || !parts.isEmpty()) {
        long position = first ? from.position() : 0;
        Path copy = quarantine.resolve("wal-%s-%020d-%d".formatted(ended, each.getKey(), position));
        parts.add(new Part(each.getValue(), position, copy));
      }
    }
    return parts;
  }

  /** It has its name only once it is whole. */
  private void copy(Part part) throws IOException {
    Path unfinished = part.copy().resolveSibling(part.copy().getFileName() + ".part");
    if (disk.exists(unfinished)) {
      disk.delete(unfinished);
    }
    try (DiskFile from = disk.open(part.file(), Mode.READ);
        DiskFile to = disk.open(unfinished, Mode.CREATE)) {
      long size = from.size();
      ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK_BYTES);
      long at = part.position();
      while (at < size) {
        chunk.clear().limit((int) Math.min(CHUNK_BYTES, size - at));
        int count = from.read(chunk, at);
        if (count <= 0) {
          throw new IOException("%s ends at %d".formatted(part.file(), at));
        }
        to.write(chunk.flip(), at - part.position());
        at += count;
      }
      to.sync();
    }
    disk.rename(unfinished, part.copy());
    disk.syncDirectory(quarantine);
  }

  private void overwrite(Part part) throws IOException {
    try (DiskFile file = disk.open(part.file(), Mode.WRITE)) {
      long size = file.size();
      for (long at = part.position(); at < size; at += CHUNK_BYTES) {
        file.write(ByteBuffer.allocateDirect((int) Math.min(CHUNK_BYTES, size - at)), at);
      }
      file.sync();
    }
  }
}
