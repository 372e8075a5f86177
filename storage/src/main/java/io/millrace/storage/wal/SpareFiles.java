package io.millrace.storage.wal;

import io.millrace.runtime.Disk;
import io.millrace.runtime.Disk.DiskFile;
import io.millrace.runtime.Disk.Mode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Files whose blocks are all written and that nothing refers to: new WAL files are made of them, so
 * that entries only overwrite. What is in them does not matter. A file has one name whenever it is
 * in here and both folders were synced, so that no two WAL files ever share blocks. One per data
 * folder; any thread may call.
 */
public final class SpareFiles {
  private static final String UNFINISHED = ".new";
  private static final int STEP_BYTES = 1 << 20;
  private static final int STEPS_PER_SYNC = 8;

  private final Disk disk;
  private final Path folder;
  private final int spareFilesMax;
  private final long spareBytesMax;
  private final long freeBytesMin;
  private final AtomicLong filledBytes = new AtomicLong();
  private final List<Spare> spares = new ArrayList<>();
  private long nextNumber;

  private record Spare(Path path, long bytes) {}

  /**
   * Looks up what is there; deletes unfinished files and those that are too large or too many.
   *
   * @param spareFilesMax files kept
   * @param spareBytesMax largest file kept
   * @param freeBytesMin bytes of the volume that filling leaves alone: what metadata and collecting
   *     garbage live on when it is full
   */
  public static SpareFiles open(
      Disk disk, Path folder, int spareFilesMax, long spareBytesMax, long freeBytesMin)
      throws IOException {
    SpareFiles spares = new SpareFiles(disk, folder, spareFilesMax, spareBytesMax, freeBytesMin);
    disk.createDirectories(folder);
    for (String name : disk.list(folder)) {
      spares.adopt(folder.resolve(name), name);
    }
    return spares;
  }

  private SpareFiles(
      Disk disk, Path folder, int spareFilesMax, long spareBytesMax, long freeBytesMin) {
    this.disk = disk;
    this.folder = folder;
    this.spareFilesMax = spareFilesMax;
    this.spareBytesMax = WalEntryCodec.aligned(spareBytesMax);
    this.freeBytesMin = freeBytesMin;
  }

  private void adopt(Path path, String name) throws IOException {
    if (name.endsWith(UNFINISHED)) {
      disk.delete(path);
      return;
    }
    long bytes;
    try (DiskFile file = disk.open(path, Mode.READ)) {
      bytes = file.size();
    }
    nextNumber = Math.max(nextNumber, Long.parseLong(name) + 1);
    synchronized (this) {
      if (bytes > 0 && bytes <= spareBytesMax && spares.size() < spareFilesMax) {
        spares.add(new Spare(path, bytes));
        return;
      }
    }
    disk.delete(path);
  }

  /** Zeros written so far; they count as write amplification. */
  public long filledBytes() {
    return filledBytes.get();
  }

  public synchronized int count() {
    return spares.size();
  }

  synchronized boolean has(long bytesMin) {
    return spares.stream().anyMatch(spare -> spare.bytes() >= bytesMin);
  }

  /**
   * Gives a spare the name {@code target}, durably: the smallest of at least {@code bytesWanted},
   * else the largest of at least {@code bytesMin}; false if there is none.
   */
  boolean take(long bytesMin, long bytesWanted, Path target) throws IOException {
    Spare spare = pick(bytesMin, bytesWanted);
    if (spare == null) {
      return false;
    }
    Path targetFolder = parent(target);
    disk.createDirectories(targetFolder);
    disk.rename(spare.path(), target);
    // Not only the new name: were the old one to come back, the file would be taken a second time.
    disk.syncDirectory(targetFolder);
    disk.syncDirectory(folder);
    return true;
  }

  private synchronized @Nullable Spare pick(long bytesMin, long bytesWanted) {
    Spare found = null;
    for (Spare spare : spares) {
      if (spare.bytes() >= bytesMin
          && (found == null || better(spare.bytes(), found.bytes(), bytesWanted))) {
        found = spare;
      }
    }
    spares.remove(found);
    return found;
  }

  private static boolean better(long bytes, long than, long bytesWanted) {
    return bytes >= bytesWanted ? bytes < than || than < bytesWanted : bytes > than;
  }

  /**
   * Begins a spare of {@code bytes} zeros.
   *
   * @throws IOException if the volume has no room for it
   */
  Filling begin(long bytes) throws IOException {
    long free = disk.freeBytes(folder);
    if (free - freeBytesMin < bytes) {
      throw new IOException(
          "no space for a WAL file of %d bytes: %d are free, %d of them reserved"
              .formatted(bytes, free, freeBytesMin));
    }
    return new Filling(nextName(), bytes);
  }

  /**
   * A spare being filled, step by step so that the log's own syncs come between; one call at a
   * time.
   */
  final class Filling {
    private final Path finished;
    private final Path path;
    private final long bytes;
    private final DiskFile file;
    private final ByteBuffer zeros;
    private long position;
    private int steps;

    private Filling(Path finished, long bytes) throws IOException {
      this.finished = finished;
      this.path = finished.resolveSibling(finished.getFileName() + UNFINISHED);
      this.bytes = bytes;
      this.file = disk.open(path, Mode.CREATE);
      this.zeros = ByteBuffer.allocateDirect((int) Math.min(STEP_BYTES, bytes));
    }

    /**
     * Writes some; true when the spare is complete and in the pool. After an exception only {@link
     * #abandon} may follow.
     */
    boolean step() throws IOException {
      zeros.clear().limit((int) Math.min(zeros.capacity(), bytes - position));
      int count = zeros.remaining();
      file.write(zeros, position);
      position += count;
      filledBytes.addAndGet(count);
      if (++steps % STEPS_PER_SYNC == 0 || position == bytes) {
        file.sync();
      }
      if (position < bytes) {
        return false;
      }
      file.close();
      disk.rename(path, finished);
      add(new Spare(finished, bytes));
      return true;
    }

    /** 0 to 1. */
    double filled() {
      return (double) position / bytes;
    }

    void abandon() throws IOException {
      file.close();
      disk.delete(path);
    }
  }

  /**
   * Takes back a file that nothing refers to and nobody reads. The smallest goes if there are too
   * many.
   *
   * @param path its present name, which is durable
   */
  void recycle(Path path) throws IOException {
    long bytes;
    try (DiskFile file = disk.open(path, Mode.READ)) {
      bytes = file.size();
    }
    Spare smaller = makeRoom(bytes);
    if (smaller != null) {
      disk.delete(smaller.path());
    }
    if (!wanted(bytes)) {
      disk.delete(path);
      return;
    }
    Path spare = nextName();
    disk.rename(path, spare);
    disk.syncDirectory(folder);
    disk.syncDirectory(parent(path));
    add(new Spare(spare, bytes));
  }

  private synchronized @Nullable Spare makeRoom(long bytes) {
    if (spares.size() < spareFilesMax || bytes > spareBytesMax) {
      return null;
    }
    Spare smallest = Collections.min(spares, Comparator.comparingLong(Spare::bytes));
    if (smallest.bytes() >= bytes) {
      return null;
    }
    spares.remove(smallest);
    return smallest;
  }

  private synchronized boolean wanted(long bytes) {
    return bytes <= spareBytesMax && spares.size() < spareFilesMax;
  }

  private synchronized void add(Spare spare) {
    spares.add(spare);
  }

  private synchronized Path nextName() {
    return folder.resolve("%020d".formatted(nextNumber++));
  }

  private static Path parent(Path path) {
    Path parent = path.getParent();
    if (parent == null) {
      throw new IllegalArgumentException(path + " has no folder");
    }
    return parent;
  }
}
