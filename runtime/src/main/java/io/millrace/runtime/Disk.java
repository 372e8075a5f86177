package io.millrace.runtime;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;

/**
 * The files of one machine. Calls block. What is written is durable only after {@link
 * DiskFile#sync()}; a name (created, linked, renamed, deleted) only after {@link #syncDirectory}.
 * After a failed sync nothing unsynced may be trusted.
 */
public interface Disk {
  /** How a file is opened. */
  enum Mode {
    /** Must exist. */
    READ,
    /** Must exist; read and write. */
    WRITE,
    /** Must not exist; read and write. */
    CREATE
  }

  /**
   * Opens one file.
   *
   * @throws java.nio.file.NoSuchFileException for READ and WRITE of an absent file
   * @throws java.nio.file.FileAlreadyExistsException for CREATE of a present one
   */
  DiskFile open(Path path, Mode mode) throws IOException;

  /**
   * Gives the file a second name, atomically.
   *
   * @throws java.nio.file.FileAlreadyExistsException if {@code target} exists
   */
  void link(Path existing, Path target) throws IOException;

  /** Atomic; replaces {@code target}. */
  void rename(Path from, Path target) throws IOException;

  /**
   * Deletes a file or an empty folder.
   *
   * @throws java.nio.file.NoSuchFileException if absent
   */
  void delete(Path path) throws IOException;

  boolean exists(Path path) throws IOException;

  /** Names (not paths) in the folder, sorted; files and folders. Empty if the folder is absent. */
  List<String> list(Path folder) throws IOException;

  boolean isDirectory(Path path) throws IOException;

  /** Makes the folder and its parents and syncs each new name. */
  void createDirectories(Path folder) throws IOException;

  void syncDirectory(Path folder) throws IOException;

  /** Bytes a file of this folder's volume may still take. */
  long freeBytes(Path folder) throws IOException;

  /** Size of the volume this folder is on. */
  long totalBytes(Path folder) throws IOException;

  /**
   * Locks the file for this process, creating it if need be; freed by close or the end of the
   * process.
   *
   * @throws LockedException if another process (or another caller in this one) holds it
   */
  DiskLock lock(Path path) throws IOException;

  /** An open file. Positional, safe for several readers beside one writer. */
  interface DiskFile extends AutoCloseable {
    /** Reads up to {@code target.remaining()} bytes at {@code position}; -1 at or past the end. */
    int read(ByteBuffer target, long position) throws IOException;

    /** Writes all of {@code source} at {@code position}, growing the file if need be. */
    void write(ByteBuffer source, long position) throws IOException;

    /** Data (and size, if it changed) to the medium. */
    void sync() throws IOException;

    long size() throws IOException;

    @Override
    void close() throws IOException;
  }

  /** A held lock. */
  interface DiskLock extends AutoCloseable {
    @Override
    void close() throws IOException;
  }

  /** The lock is held elsewhere. */
  final class LockedException extends IOException {
    private static final long serialVersionUID = 1L;

    public LockedException(Path path) {
      super(path.toString());
    }
  }
}
