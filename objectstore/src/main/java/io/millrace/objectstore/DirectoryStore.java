package io.millrace.objectstore;

import io.millrace.runtime.Disk;
import io.millrace.runtime.Disk.DiskFile;
import io.millrace.runtime.Disk.Mode;
import io.millrace.runtime.Randomness;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Objects as files under {@code root/store}; the key is the path. A put is written and synced under
 * another name in {@code root/store-tmp}, hard-linked to its own (the atomic step) and then its
 * folder is synced; what others may have put there is believed as {@link DurableNames} says.
 */
public final class DirectoryStore implements ObjectStore {
  private final Disk disk;
  private final StoreThreads threads;
  private final Path store;
  private final TemporaryFiles temporaryFiles;
  private final DurableNames durable;

  /** For a process that has the folder for itself. */
  public DirectoryStore(Disk disk, Executor executor, Path root) {
    this(disk, StoreThreads.same(executor), root.toAbsolutePath().normalize(), false, "");
  }

  private DirectoryStore(
      Disk disk, StoreThreads threads, Path root, boolean shared, String processName) {
    this.disk = disk;
    this.threads = threads;
    this.store = root.resolve("store");
    this.temporaryFiles = new TemporaryFiles(disk, root.resolve("store-tmp"), processName);
    this.durable = new DurableNames(disk, root, shared);
  }

  /** For one of several processes that use the folder at the same time. */
  public static DirectoryStore shared(
      Disk disk, StoreThreads threads, Path root, Randomness randomness) {
    String processName = "%016x%016x".formatted(randomness.nextLong(), randomness.nextLong());
    return new DirectoryStore(disk, threads, root.toAbsolutePath().normalize(), true, processName);
  }

  /** Where an object lies; the file WAL writes its files in place. */
  public Path path(String key) {
    return store.resolve(ObjectKeys.check(key));
  }

  @Override
  public CompletableFuture<PutOutcome> putIfAbsent(String key, ByteBuffer body) {
    Path target = path(key);
    ByteBuffer source = body.duplicate();
    return run(
        threads.writes(),
        () -> {
          TemporaryFiles.Temporary temporary = temporaryFiles.create(key);
          try {
            try (DiskFile file = temporary.file()) {
              file.write(source, 0);
              file.sync();
            }
            return publish(temporary.path(), target);
          } finally {
            temporaryFiles.discard(temporary.path());
          }
        },
        PutOutcome.Unknown::new);
  }

  @Override
  public CompletableFuture<GetOutcome> get(String key, int bytesMax) {
    Path path = path(key);
    return run(
        threads.reads(),
        () -> {
          durable.believeFolder(parent(path));
          try (DiskFile file = disk.open(path, Mode.READ)) {
            durable.believeSeen(parent(path), List.of(path));
            long size = file.size();
            return size > bytesMax
                ? new GetOutcome.TooLarge(size)
                : new GetOutcome.Found(read(file, 0, (int) size));
          } catch (NoSuchFileException absent) {
            return new GetOutcome.Absent();
          }
        },
        GetOutcome.Unknown::new);
  }

  @Override
  public CompletableFuture<GetOutcome> getRange(String key, long position, int length) {
    Path path = path(key);
    if (position < 0 || length < 0) {
      throw new IllegalArgumentException("range " + position + " + " + length);
    }
    return run(
        threads.readsOf(length),
        () -> {
          durable.believeFolder(parent(path));
          try (DiskFile file = disk.open(path, Mode.READ)) {
            durable.believeSeen(parent(path), List.of(path));
            int count = Math.clamp(file.size() - position, 0, length);
            return new GetOutcome.Found(read(file, position, count));
          } catch (NoSuchFileException absent) {
            return new GetOutcome.Absent();
          }
        },
        GetOutcome.Unknown::new);
  }

  @Override
  public CompletableFuture<HeadOutcome> head(String key) {
    Path path = path(key);
    return run(
        threads.reads(),
        () -> {
          durable.believeFolder(parent(path));
          try (DiskFile file = disk.open(path, Mode.READ)) {
            durable.believeSeen(parent(path), List.of(path));
            return new HeadOutcome.Found(file.size());
          } catch (NoSuchFileException absent) {
            return new HeadOutcome.Absent();
          }
        },
        HeadOutcome.Unknown::new);
  }

  @Override
  public CompletableFuture<ListOutcome> list(String prefix, String after, int keysMax) {
    ObjectKeys.checkPrefix(prefix);
    if (keysMax < 1) {
      throw new IllegalArgumentException("keysMax " + keysMax);
    }
    return run(
        threads.reads(),
        () -> {
          List<String> keys = new ArrayList<>();
          walk(store, "", prefix, after, keysMax + 1, keys);
          return keys.size() > keysMax
              ? new ListOutcome.Keys(List.copyOf(keys.subList(0, keysMax)), true)
              : new ListOutcome.Keys(List.copyOf(keys), false);
        },
        ListOutcome.Unknown::new);
  }

  @Override
  public CompletableFuture<DeleteOutcome> delete(String key) {
    Path path = path(key);
    return run(
        threads.writes(),
        () -> {
          try {
            disk.delete(path);
          } catch (NoSuchFileException absent) {
            // Perhaps deleted by a process that died before it synced the folder.
          }
          try {
            disk.syncDirectory(parent(path));
          } catch (NoSuchFileException noFolder) {
            return new DeleteOutcome.Deleted();
          }
          return new DeleteOutcome.Deleted();
        },
        DeleteOutcome.Unknown::new);
  }

  @Override
  public MultipartPut multipartPut(String key) {
    return new DirectoryPut(key, path(key));
  }

  @Override
  public CompletableFuture<UnfinishedOutcome> unfinishedPuts(String prefix) {
    ObjectKeys.checkPrefix(prefix);
    return run(
        threads.reads(),
        () -> new UnfinishedOutcome.Puts(temporaryFiles.list(prefix)),
        UnfinishedOutcome.Unknown::new);
  }

  @Override
  public CompletableFuture<DeleteOutcome> abortUnfinished(UnfinishedPut put) {
    Path path = temporaryFiles.path(put);
    return run(
        threads.writes(),
        () -> {
          temporaryFiles.remove(path);
          return new DeleteOutcome.Deleted();
        },
        DeleteOutcome.Unknown::new);
  }

  @Override
  public void close() {}

  private PutOutcome publish(Path written, Path target) throws IOException {
    Path folder = parent(target);
    disk.createDirectories(folder);
    durable.believeFolder(folder);
    try {
      disk.link(written, target);
    } catch (FileAlreadyExistsException taken) {
      if (disk.isDirectory(target)) {
        return new PutOutcome.Unknown("the key is a path prefix of others: " + target);
      }
      disk.syncDirectory(folder);
      durable.synced(target);
      return new PutOutcome.Exists();
    }
    disk.syncDirectory(folder);
    durable.synced(target);
    return new PutOutcome.Stored();
  }

  /**
   * Adds keys in byte order until there are {@code keysMax}; descends only where a match may be.
   */
  private void walk(
      Path folder, String path, String prefix, String after, int keysMax, List<String> keys)
      throws IOException {
    durable.believeFolder(folder);
    // A folder sorts as its name with the slash, and that is known only once it was looked at.
    TreeSet<String> pending = new TreeSet<>();
    for (String name : disk.list(folder)) {
      String key = path + name;
      boolean mayMatch = key.startsWith(prefix) || prefix.startsWith(key + "/");
      boolean mayFollow = key.compareTo(after) > 0 || after.startsWith(key);
      if (ObjectKeys.isSegment(name) && mayMatch && mayFollow) {
        pending.add(name);
      }
    }
    List<Path> found = new ArrayList<>();
    while (keys.size() < keysMax && !pending.isEmpty()) {
      String name = pending.removeFirst();
      String key = path + name;
      if (name.endsWith("/")) {
        walk(folder.resolve(name), key, prefix, after, keysMax, keys);
      } else if (disk.isDirectory(folder.resolve(name))) {
        pending.add(name + "/");
      } else if (key.startsWith(prefix) && key.compareTo(after) > 0) {
        keys.add(key);
        found.add(folder.resolve(name));
      }
    }
    durable.believeSeen(folder, found);
  }

  private static ByteBuffer read(DiskFile file, long position, int length) throws IOException {
    ByteBuffer body = ByteBuffer.allocate(length);
    int count = length == 0 ? 0 : file.read(body, position);
    if (count != length) {
      throw new IOException("read " + count + " of " + length + " bytes at " + position);
    }
    return body.flip();
  }

  private static Path parent(Path path) {
    Path parent = path.getParent();
    if (parent == null) {
      throw new IllegalArgumentException("no folder above " + path);
    }
    return parent;
  }

  private <T> CompletableFuture<T> run(
      Executor executor, DiskCall<T> call, Function<String, T> unknown) {
    CompletableFuture<T> future = new CompletableFuture<>();
    try {
      executor.execute(() -> settle(future, call, unknown));
    } catch (RejectedExecutionException full) {
      future.complete(unknown.apply("the store takes no more calls: " + full.getMessage()));
    }
    return future;
  }

  private static <T> void settle(
      CompletableFuture<T> future, DiskCall<T> call, Function<String, T> unknown) {
    T outcome;
    try {
      outcome = call.run();
    } catch (IOException | RuntimeException | OutOfMemoryError e) {
      // a disk may throw more than I/O failures, and whoever waits must be answered
      outcome = unknown.apply(e.toString());
    }
    future.complete(outcome);
  }

  /** Blocking work. */
  @FunctionalInterface
  private interface DiskCall<T> {
    T run() throws IOException;
  }

  /**
   * A file that grows by synced steps, so that no sync of others ever waits for a long write-back
   * of this one.
   */
  private final class DirectoryPut implements MultipartPut {
    private static final int STEP_BYTES = 1 << 20;

    private final String key;
    private final Path target;
    private TemporaryFiles.@Nullable Temporary temporary;
    private long size;
    private boolean failed;

    DirectoryPut(String key, Path target) {
      this.key = key;
      this.target = target;
    }

    @Override
    public CompletableFuture<PartOutcome> begin() {
      return CompletableFuture.completedFuture(new PartOutcome.Taken());
    }

    @Override
    public CompletableFuture<PartOutcome> append(ByteBuffer part) {
      ByteBuffer source = part.duplicate();
      return run(threads.writes(), () -> appendSteps(source), PartOutcome.Unknown::new);
    }

    @Override
    public CompletableFuture<PutOutcome> complete() {
      return run(threads.writes(), this::publishParts, PutOutcome.Unknown::new);
    }

    @Override
    public CompletableFuture<DeleteOutcome> abort() {
      return run(
          threads.writes(),
          () -> {
            discard();
            return new DeleteOutcome.Deleted();
          },
          DeleteOutcome.Unknown::new);
    }

    private synchronized PartOutcome appendSteps(ByteBuffer source) throws IOException {
      DiskFile file = open();
      // Stays set if a write or sync throws: what such a file holds is not known.
      failed = true;
      int end = source.limit();
      while (source.position() < end) {
        int step = Math.min(STEP_BYTES, end - source.position());
        source.limit(source.position() + step);
        file.write(source, size);
        file.sync();
        size += step;
      }
      failed = false;
      return new PartOutcome.Taken();
    }

    private synchronized PutOutcome publishParts() throws IOException {
      DiskFile file = open();
      failed = true;
      file.sync();
      try {
        return publish(temporaryPath(), target);
      } finally {
        discard();
      }
    }

    private DiskFile open() throws IOException {
      if (failed) {
        throw new IOException("the put of " + key + " has failed or ended");
      }
      if (temporary == null) {
        temporary = temporaryFiles.create(key);
      }
      return temporary.file();
    }

    private Path temporaryPath() throws IOException {
      if (temporary == null) {
        throw new IOException("the put of " + key + " has no file");
      }
      return temporary.path();
    }

    private synchronized void discard() throws IOException {
      failed = true;
      if (temporary != null) {
        temporary.file().close();
        temporaryFiles.discard(temporary.path());
        temporary = null;
      }
    }
  }
}
