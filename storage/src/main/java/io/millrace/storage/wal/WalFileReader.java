package io.millrace.storage.wal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Reads the files of one incarnation by position, published or not, on threads of its own. A file
 * stays readable until it is released, and is not written anew before its last read is over. Any
 * thread may call.
 */
public final class WalFileReader {
  private final Map<Long, WalFile> files = new ConcurrentHashMap<>();
  private final Executor executor;
  private volatile @Nullable WalEndedException ended;

  WalFileReader(Executor executor) {
    this.executor = executor;
  }

  /**
   * A file is not there: it was published and released; its batches are found through the image.
   */
  public static final class ReleasedException extends IOException {
    private static final long serialVersionUID = 1L;

    ReleasedException(long fileCounter) {
      super("WAL file " + fileCounter + " was released");
    }
  }

  /**
   * {@code bytes} bytes from {@code position}. Fails with {@link ReleasedException}, with another
   * IOException, with {@link WalEndedException}, or with {@link RejectedExecutionException} when
   * too many reads wait.
   */
  public CompletableFuture<ByteBuffer> read(long fileCounter, long position, int bytes) {
    CompletableFuture<ByteBuffer> result = new CompletableFuture<>();
    try {
      executor.execute(() -> readInto(result, fileCounter, position, bytes));
    } catch (RejectedExecutionException e) {
      result.completeExceptionally(e);
    }
    return result;
  }

  private void readInto(
      CompletableFuture<ByteBuffer> result, long fileCounter, long position, int bytes) {
    try {
      WalEndedException over = ended;
      if (over != null) {
        throw over;
      }
      WalFile file = files.get(fileCounter);
      ByteBuffer found = file == null ? null : file.read(position, bytes);
      if (found == null) {
        throw new ReleasedException(fileCounter);
      }
      result.complete(found);
    } catch (IOException | RuntimeException e) {
      result.completeExceptionally(e);
    }
  }

  void add(WalFile file) {
    files.put(file.counter(), file);
  }

  @Nullable WalFile remove(long fileCounter) {
    return files.remove(fileCounter);
  }

  /**
   * After a failed write or sync what the page cache shows may not be what is stored: nothing is
   * read any more.
   */
  void end(WalEndedException cause) {
    ended = cause;
  }

  /** In order of their counters. */
  List<WalFile> files() {
    return files.values().stream().sorted(Comparator.comparingLong(WalFile::counter)).toList();
  }
}
