package io.millrace.runtime;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * The machine's file systems through {@link FileChannel}. Syncs data without waiting for unneeded
 * metadata (fdatasync).
 */
public final class SystemDisk implements Disk {

  @Override
  public DiskFile open(Path path, Mode mode) throws IOException {
    Set<StandardOpenOption> options =
        switch (mode) {
          case READ -> Set.of(StandardOpenOption.READ);
          case WRITE -> Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE);
          case CREATE ->
              Set.of(
                  StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
        };
    return new SystemFile(FileChannel.open(path, options));
  }

  @Override
  public void link(Path existing, Path target) throws IOException {
    Files.createLink(target, existing);
  }

  @Override
  public void rename(Path from, Path target) throws IOException {
    Files.move(from, target, StandardCopyOption.ATOMIC_MOVE);
  }

  @Override
  public void delete(Path path) throws IOException {
    Files.delete(path);
  }

  @Override
  public boolean exists(Path path) {
    return Files.exists(path);
  }

  @Override
  public List<String> list(Path folder) throws IOException {
    TreeSet<String> names = new TreeSet<>();
    try (DirectoryStream<Path> children = Files.newDirectoryStream(folder)) {
      for (Path child : children) {
        names.add(String.valueOf(child.getFileName()));
      }
    } catch (NoSuchFileException | NotDirectoryException absent) {
      return List.of();
    } catch (java.nio.file.DirectoryIteratorException e) {
      throw e.getCause();
    }
    return new ArrayList<>(names);
  }

  @Override
  public boolean isDirectory(Path path) {
    return Files.isDirectory(path);
  }

  @Override
  public void createDirectories(Path folder) throws IOException {
    Deque<Path> missing = new ArrayDeque<>();
    Path path = folder.toAbsolutePath().normalize();
    while (path != null && !Files.isDirectory(path)) {
      missing.push(path);
      path = path.getParent();
    }
    for (Path name : missing) {
      try {
        Files.createDirectory(name);
      } catch (FileAlreadyExistsException raced) {
        if (!Files.isDirectory(name)) {
          throw raced;
        }
      }
      Path parent = name.getParent();
      if (parent != null) {
        syncDirectory(parent);
      }
    }
  }

  @Override
  public void syncDirectory(Path folder) throws IOException {
    boolean interrupted = Thread.interrupted();
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    } finally {
      restore(interrupted);
    }
  }

  @Override
  public long freeBytes(Path folder) throws IOException {
    // File's call is one statvfs; FileStore would read the mount table first.
    return existing(folder).toFile().getUsableSpace();
  }

  @Override
  public long totalBytes(Path folder) throws IOException {
    return existing(folder).toFile().getTotalSpace();
  }

  /** The folder, or the closest one above it that is there. */
  private static Path existing(Path folder) throws IOException {
    Path path = folder.toAbsolutePath().normalize();
    while (path != null && !Files.exists(path)) {
      path = path.getParent();
    }
    if (path == null) {
      throw new NoSuchFileException(folder.toString());
    }
    return path;
  }

  @Override
  public DiskLock lock(Path path) throws IOException {
    FileChannel channel =
        FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    FileLock lock = null;
    try {
      lock = channel.tryLock();
    } catch (OverlappingFileLockException heldHere) {
      throw new LockedException(path);
    } finally {
      if (lock == null) {
        channel.close();
      }
    }
    if (lock == null) {
      throw new LockedException(path);
    }
    // Closing the channel frees the lock.
    return channel::close;
  }

  /**
   * An interrupt during channel I/O closes the channel for every user, so a pending one waits until
   * after the call.
   */
  private static void restore(boolean interrupted) {
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private record SystemFile(FileChannel channel) implements DiskFile {
    @Override
    public int read(ByteBuffer target, long position) throws IOException {
      boolean interrupted = Thread.interrupted();
      try {
        int total = 0;
        while (target.hasRemaining()) {
          int count = channel.read(target, position + total);
          if (count < 0) {
            return total == 0 ? -1 : total;
          }
          total += count;
        }
        return total;
      } finally {
        restore(interrupted);
      }
    }

    @Override
    public void write(ByteBuffer source, long position) throws IOException {
      boolean interrupted = Thread.interrupted();
      try {
        long at = position;
        while (source.hasRemaining()) {
          at += channel.write(source, at);
        }
      } finally {
        restore(interrupted);
      }
    }

    @Override
    public void sync() throws IOException {
      boolean interrupted = Thread.interrupted();
      try {
        channel.force(false);
      } finally {
        restore(interrupted);
      }
    }

    @Override
    public long size() throws IOException {
      return channel.size();
    }

    @Override
    public void close() throws IOException {
      channel.close();
    }
  }
}
