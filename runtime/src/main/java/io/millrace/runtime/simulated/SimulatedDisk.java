package io.millrace.runtime.simulated;

import io.millrace.runtime.Disk;
import io.millrace.runtime.simulated.SimulatedFolder.NameChange;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A disk in memory that outlives its processes. A crash of the process keeps the page cache; a
 * power loss keeps only what was synced, and of the rest a seeded subset of sectors and names.
 * After a crash every call throws {@link SimulatedCrash} until {@link #restart}; handles and locks
 * of the dead process stay dead.
 */
public final class SimulatedDisk implements Disk {
  private final SimulatedScheduler scheduler;
  private final SplittableRandom random;
  private final SimulatedTree tree = new SimulatedTree();
  private final Set<Path> locks = new HashSet<>();
  private final Map<SimulatedFile, Integer> links = new HashMap<>();
  private long capacityBytes = Long.MAX_VALUE;
  private long usedBytes;
  private long calls;
  private long syncs;
  private long crashAtCall = Long.MAX_VALUE;
  private Runnable onCrash = () -> {};
  private int life;
  private boolean crashed;
  private @Nullable Predicate<Path> failingSync;
  private Consumer<Path> onSyncFailure = path -> {};
  private @Nullable Consumer<String> log;

  public SimulatedDisk(SimulatedScheduler scheduler) {
    this.scheduler = scheduler;
    this.random = scheduler.fork();
  }

  /** Calls so far; a crash is placed relative to it. */
  public long calls() {
    return calls;
  }

  public long syncs() {
    return syncs;
  }

  /** The call with this number dies half-way: {@code onDeath} runs, then the call throws. */
  public void crashAtCall(long number, Runnable onDeath) {
    crashAtCall = number;
    onCrash = onDeath;
  }

  /** The process is gone, the machine runs on: the page cache stays. */
  public void processCrash() {
    crashed = true;
    crashAtCall = Long.MAX_VALUE;
    life++;
    locks.clear();
    // A call that died half-way may have changed what is used, and unnamed files have lost their
    // last handle.
    recount();
  }

  /** The machine is gone: a seeded part of what was not synced is lost. */
  public void powerLoss() {
    processCrash();
    failingSync = null;
    Set<NameChange> lost = new HashSet<>();
    // An unsynced name may be lost and an unsynced delete undone, so files of both sides lose
    // power, and folders of both.
    List<SimulatedFolder> before = tree.folders();
    Set<SimulatedFile> files = new LinkedHashSet<>(tree.files());
    before.forEach(folder -> folder.chooseLost(random, lost));
    before.forEach(folder -> folder.losePower(lost));
    files.addAll(tree.files());
    files.forEach(file -> file.losePower(random));
    recount();
  }

  /** A new process may use the disk. */
  public void restart() {
    crashed = false;
  }

  /**
   * The next sync of a file that {@code which} names and that has unsynced bytes fails, once;
   * afterwards the cache shows bytes that never reach the medium.
   */
  public void failNextSync(Predicate<Path> which, Consumer<Path> onFailure) {
    failingSync = which;
    onSyncFailure = onFailure;
  }

  public void failNextSync() {
    failNextSync(path -> true, path -> {});
  }

  public boolean syncFailurePending() {
    return failingSync != null;
  }

  public void capacityBytes(long bytes) {
    capacityBytes = bytes;
  }

  public long usedBytes() {
    return usedBytes;
  }

  /** Receives one line per call. */
  public void log(Consumer<String> consumer) {
    log = consumer;
  }

  public void flipBit(Path path, long bit) throws IOException {
    tree.file(path).flipBit(bit);
  }

  /** Size of a file without counting as a call, -1 if there is none. */
  public long fileBytes(Path path) {
    return tree.node(path) instanceof SimulatedFile file ? file.size() : -1;
  }

  /** What is on the medium, for checks. */
  public byte[] mediumBytes(Path path) throws IOException {
    return tree.file(path).mediumBytes();
  }

  /** What processes see, for checks. */
  public byte[] cacheBytes(Path path) throws IOException {
    return tree.file(path).cacheBytes();
  }

  /** Every file under {@code folder}, in order of names, without counting as a call. */
  public List<Path> files(Path folder) {
    return tree.paths(folder);
  }

  @Override
  public DiskFile open(Path path, Mode mode) throws IOException {
    beginCall("open " + mode, path);
    if (mode == Mode.CREATE) {
      SimulatedFolder folder = tree.parent(path);
      if (folder.names().containsKey(SimulatedTree.name(path))) {
        throw new FileAlreadyExistsException(path.toString());
      }
      SimulatedFile file = new SimulatedFile();
      links.put(file, 1);
      folder.change(SimulatedTree.name(path), file, null);
      return new OpenFile(file, path, true);
    }
    return new OpenFile(tree.file(path), path, mode == Mode.WRITE);
  }

  @Override
  public void link(Path existing, Path target) throws IOException {
    beginCall("link", target);
    SimulatedFile file = tree.file(existing);
    SimulatedFolder folder = tree.parent(target);
    if (folder.names().containsKey(SimulatedTree.name(target))) {
      throw new FileAlreadyExistsException(target.toString());
    }
    links.merge(file, 1, Integer::sum);
    folder.change(SimulatedTree.name(target), file, null);
  }

  @Override
  public void rename(Path from, Path target) throws IOException {
    beginCall("rename " + from, target);
    SimulatedFile file = tree.file(from);
    SimulatedFolder folder = tree.parent(target);
    Object replaced = folder.names().get(SimulatedTree.name(target));
    if (file.equals(replaced)) {
      return;
    }
    if (replaced instanceof SimulatedFile old) {
      unlink(old);
    } else if (replaced != null) {
      throw new IOException("Is a directory: " + target);
    }
    NameChange added = folder.change(SimulatedTree.name(target), file, null);
    tree.parent(from).change(SimulatedTree.name(from), null, added);
  }

  @Override
  public void delete(Path path) throws IOException {
    beginCall("delete", path);
    SimulatedFolder folder = tree.parent(path);
    switch (folder.names().get(SimulatedTree.name(path))) {
      case null -> throw new NoSuchFileException(path.toString());
      case SimulatedFolder child when !child.names().isEmpty() ->
          throw new DirectoryNotEmptyException(path.toString());
      case SimulatedFile file -> unlink(file);
      default -> {}
    }
    folder.change(SimulatedTree.name(path), null, null);
  }

  @Override
  public boolean exists(Path path) {
    beginCall("exists", path);
    return tree.node(path) != null;
  }

  @Override
  public List<String> list(Path folder) {
    beginCall("list", folder);
    return tree.node(folder) instanceof SimulatedFolder found
        ? new ArrayList<>(found.names().keySet())
        : List.of();
  }

  @Override
  public boolean isDirectory(Path path) {
    beginCall("isDirectory", path);
    return tree.node(path) instanceof SimulatedFolder;
  }

  @Override
  public void createDirectories(Path path) throws IOException {
    SimulatedFolder folder = tree.root();
    for (Path part : SimulatedTree.normal(path)) {
      Object child = folder.names().get(part.toString());
      if (child == null) {
        beginCall("createDirectory", path);
        child = new SimulatedFolder();
        folder.change(part.toString(), child, null);
        beginCall("syncDirectory", path);
        folder.sync();
      }
      if (!(child instanceof SimulatedFolder next)) {
        throw new FileAlreadyExistsException(path.toString());
      }
      folder = next;
    }
  }

  @Override
  public void syncDirectory(Path path) throws IOException {
    beginCall("syncDirectory", path);
    scheduler.charge(syncNs());
    tree.folder(path).sync();
  }

  @Override
  public long freeBytes(Path folder) {
    beginCall("freeBytes", folder);
    return Math.max(0, capacityBytes - usedBytes);
  }

  @Override
  public long totalBytes(Path folder) {
    beginCall("totalBytes", folder);
    return capacityBytes;
  }

  @Override
  public DiskLock lock(Path path) throws IOException {
    beginCall("lock", path);
    Path key = SimulatedTree.normal(path);
    if (locks.contains(key)) {
      throw new LockedException(path);
    }
    if (tree.node(path) == null) {
      SimulatedFile file = new SimulatedFile();
      links.put(file, 1);
      tree.parent(path).change(SimulatedTree.name(path), file, null);
    }
    locks.add(key);
    int lockedIn = life;
    return () -> {
      if (lockedIn == life) {
        locks.remove(key);
      }
    };
  }

  private void beginCall(String what, Path path) {
    if (crashed) {
      throw new SimulatedCrash("the process is dead");
    }
    calls++;
    scheduler.trace(what.hashCode() * 31L + path.toString().hashCode());
    if (log != null) {
      log.accept(calls + " " + what + " " + path);
    }
    scheduler.charge(random.nextInt(5_000));
    if (calls >= crashAtCall) {
      die();
    }
  }

  private void die() {
    crashed = true;
    crashAtCall = Long.MAX_VALUE;
    onCrash.run();
    throw new SimulatedCrash("crash injected at disk call " + calls);
  }

  private long syncNs() {
    syncs++;
    return random.nextInt(50) == 0
        ? random.nextInt(20_000_000)
        : 50_000 + random.nextInt(1_000_000);
  }

  private void unlink(SimulatedFile file) {
    int left = links.merge(file, -1, Integer::sum);
    if (left == 0) {
      links.remove(file);
      usedBytes -= file.size();
    }
  }

  private void recount() {
    links.clear();
    tree.forEachName(file -> links.merge(file, 1, Integer::sum));
    usedBytes = links.keySet().stream().mapToLong(SimulatedFile::size).sum();
  }

  private final class OpenFile implements DiskFile {
    private final SimulatedFile file;
    private final Path path;
    private final boolean writable;
    private final int openedIn = life;
    private boolean closed;

    OpenFile(SimulatedFile file, Path path, boolean writable) {
      this.file = file;
      this.path = path;
      this.writable = writable;
    }

    private void begin(String what) throws IOException {
      if (openedIn != life) {
        throw new SimulatedCrash("a handle of a dead process");
      }
      if (closed) {
        throw new java.nio.channels.ClosedChannelException();
      }
      beginCall(what, path);
    }

    @Override
    public int read(ByteBuffer target, long position) throws IOException {
      begin("read");
      scheduler.trace(position);
      return file.read(target, position);
    }

    @Override
    public void write(ByteBuffer source, long position) throws IOException {
      if (!writable) {
        throw new java.nio.channels.NonWritableChannelException();
      }
      long callBefore = calls;
      try {
        begin("write");
      } catch (SimulatedCrash crash) {
        if (calls > callBefore && openedIn == life) {
          file.write(part(source, position), position);
        }
        throw crash;
      }
      scheduler.trace(position * 31 + source.remaining());
      if (random.nextInt(16) == 0) {
        file.writeBackSome(random);
      }
      long growth = Math.max(0, position + source.remaining() - file.size());
      if (growth > capacityBytes - usedBytes) {
        throw new IOException("No space left on device");
      }
      file.write(source, position);
      if (links.containsKey(file)) {
        usedBytes += growth;
      }
    }

    /**
     * What a write that dies half-way has put into the page cache: whole sectors from its start.
     */
    private ByteBuffer part(ByteBuffer source, long position) {
      int bytes = random.nextInt(source.remaining() + 1);
      if (bytes < source.remaining()) {
        bytes -= (int) ((position + bytes) % SimulatedFile.SECTOR_BYTES);
      }
      ByteBuffer part = source.duplicate();
      part.limit(part.position() + Math.max(0, bytes));
      return part;
    }

    @Override
    public void sync() throws IOException {
      begin("sync");
      scheduler.charge(syncNs());
      Predicate<Path> failing = failingSync;
      if (failing != null && file.unsynced() && failing.test(path)) {
        failingSync = null;
        file.failSync(random);
        onSyncFailure.accept(path);
        throw new IOException("Input/output error");
      }
      file.sync();
    }

    @Override
    public long size() throws IOException {
      begin("size");
      return file.size();
    }

    @Override
    public void close() {
      closed = true;
    }
  }
}
