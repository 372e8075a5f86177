package io.millrace.storage.recovery;

import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;

/** Recovers the log of a FileWal with {@link WalRecovery}, on threads that may block. */
public final class FileLogRecovery implements LogRecovery {
  private final WalRecovery recovery;
  private final Executor executor;

  public FileLogRecovery(WalRecovery recovery, Executor executor) {
    this.recovery = recovery;
    this.executor = executor;
  }

  @Override
  public CompletableFuture<RecoveredLog> recover(Incarnation ended, long endSequence) {
    if (endSequence != WalSeal.OPEN_END) {
      throw new IllegalArgumentException("files end where they end, not at " + endSequence);
    }
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return recovery.recover(ended.writer(), ended.trim(), ended.publishedCounter());
          } catch (IOException e) {
            throw new CompletionException(e);
          }
        },
        executor);
  }

  @Override
  public CompletableFuture<Void> deleteLeftovers(MetadataImage image, Incarnation ended) {
    return CompletableFuture.runAsync(
        () -> {
          try {
            recovery.deleteLeftovers(ended.writer(), image.objects().keySet());
          } catch (IOException e) {
            throw new CompletionException(e);
          }
        },
        executor);
  }
}
