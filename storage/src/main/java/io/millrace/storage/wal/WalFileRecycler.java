package io.millrace.storage.wal;

import io.millrace.storage.Keys;
import io.millrace.storage.WriterId;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes spares of files that nothing refers to any more, after the last read of them. Any thread
 * may call.
 */
final class WalFileRecycler {
  private static final Logger LOG = LoggerFactory.getLogger(WalFileRecycler.class);

  private final WriterId writer;
  private final WalFolder folder;
  private final SpareFiles spares;
  private final WalFileReader reader;
  private final Executor pool;
  private final Runnable onRecycled;

  /**
   * @param pool runs what blocks
   * @param onRecycled runs there after each
   */
  WalFileRecycler(
      WriterId writer,
      WalFolder folder,
      SpareFiles spares,
      WalFileReader reader,
      Executor pool,
      Runnable onRecycled) {
    this.writer = writer;
    this.folder = folder;
    this.spares = spares;
    this.reader = reader;
    this.pool = pool;
    this.onRecycled = onRecycled;
  }

  void release(String key) {
    Path path = folder.storeFolder().resolve(key);
    WalFile own = Keys.writer(key).equals(writer) ? reader.remove(Keys.number(key)) : null;
    if (own == null) {
      submit(path, null);
    } else {
      own.release(() -> submit(path, own));
    }
  }

  private void submit(Path path, @Nullable WalFile open) {
    try {
      pool.execute(() -> recycle(path, open));
    } catch (RejectedExecutionException e) {
      LOG.warn("WAL file {} stays until garbage is collected after the next start", path, e);
    }
  }

  private void recycle(Path path, @Nullable WalFile open) {
    try {
      if (open != null) {
        open.close();
      }
      spares.recycle(path);
    } catch (IOException e) {
      LOG.warn(
          "WAL file {} cannot be used again and stays until garbage is collected after the next start",
          path,
          e);
    }
    onRecycled.run();
  }
}
