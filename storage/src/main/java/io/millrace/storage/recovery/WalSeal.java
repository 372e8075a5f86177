package io.millrace.storage.recovery;

import io.millrace.storage.WriterId;
import java.util.concurrent.CompletableFuture;

/** Makes sure that a fenced incarnation writes nothing more to its log. */
@FunctionalInterface
public interface WalSeal {
  /**
   * For a FileWal: whoever holds the exclusive lock of the data folder is the only one who can
   * write its files.
   */
  WalSeal HELD_LOCK = (ended, trim) -> CompletableFuture.completedFuture(null);

  /** Completes when it holds for ever. May be repeated. */
  CompletableFuture<Void> seal(WriterId ended, long trim);
}
