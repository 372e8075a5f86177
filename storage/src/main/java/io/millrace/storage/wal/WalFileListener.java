package io.millrace.storage.wal;

import java.util.concurrent.CompletableFuture;

/** Told of WAL files that are complete. */
public interface WalFileListener {
  /**
   * On the WAL's loop, in order: the file has its footer, all of it is durable, and it is not
   * written again under its name.
   *
   * @return completes when the publication stands in the image; exceptionally if it never will,
   *     which ends the WAL
   */
  CompletableFuture<Void> onFileSealed(SealedWalFile file);
}
