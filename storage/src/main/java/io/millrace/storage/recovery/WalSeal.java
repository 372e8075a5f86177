package io.millrace.storage.recovery;

import io.millrace.storage.WriterId;
import java.util.concurrent.CompletableFuture;

/** Makes sure that a fenced incarnation acknowledges nothing more. */
@FunctionalInterface
public interface WalSeal {
  /** The log ends where its files say. */
  long OPEN_END = Long.MAX_VALUE;

  /**
   * For a FileWal: whoever holds the exclusive lock of the data folder is the only one who can
   * write its files.
   */
  WalSeal HELD_LOCK = (ended, trim) -> CompletableFuture.completedFuture(OPEN_END);

  /**
   * Completes when it holds for ever. May be repeated, by anyone.
   *
   * @param trim as it stands frozen in the image
   * @return the last number that belongs to the log, the trim if none does; {@link #OPEN_END} if
   *     the seal does not decide that
   */
  CompletableFuture<Long> seal(WriterId ended, long trim);
}
