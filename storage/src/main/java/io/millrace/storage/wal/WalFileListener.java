package io.millrace.storage.wal;

import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Told of WAL files, or entry objects, that are complete. */
public interface WalFileListener {
  /**
   * On the WAL's loop, in order: the files have their footers, all of them is durable, and they are
   * not written again under their names.
   *
   * @return completes when the publication of all stands in the image; exceptionally if it never
   *     will, which ends the WAL
   */
  CompletableFuture<Void> onFilesSealed(List<SealedWalFile> files);
}
