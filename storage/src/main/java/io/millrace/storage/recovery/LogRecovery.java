package io.millrace.storage.recovery;

import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import java.util.concurrent.CompletableFuture;

/**
 * Decides what the log of a fenced and sealed incarnation is, and makes it ready to be published.
 * May be repeated, also after a crash at any point.
 */
public interface LogRecovery {
  /**
   * Fails with {@link WalCorruptException} if what was durable is damaged; nothing was changed.
   *
   * @param ended fenced, as the image shows it
   * @param endSequence from the seal: no number above it belongs to the log
   */
  CompletableFuture<RecoveredLog> recover(Incarnation ended, long endSequence);

  /**
   * After <i>recovered</i>: deletes what of the log {@code image} does not list, if that is due.
   */
  CompletableFuture<Void> deleteLeftovers(MetadataImage image, Incarnation ended);
}
