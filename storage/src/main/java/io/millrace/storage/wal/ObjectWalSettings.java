package io.millrace.storage.wal;

import java.util.concurrent.TimeUnit;

/**
 * Values an ObjectWal works by.
 *
 * @param latencyBudgetNs longest time a batch waits for others to share its put; one token for a
 *     put at once comes per budget
 * @param burst tokens that may be saved up
 * @param entryBytesMax most bytes of batches in one entry; a single larger batch gets an entry of
 *     its own
 * @param queuedBytesMax bytes taken and not acknowledged beyond which batches are refused; no batch
 *     may be larger
 * @param reserveBytes what only {@link WalBatch#mayUseReserve} may use on top of it
 * @param hedgeDelayNs time without an answer after which the same bytes are put a second time
 * @param publishEntriesMax stored entries that are published at once
 * @param publishBytesMax bytes of them
 * @param publishDelayNs longest time a stored entry waits to be published
 * @param unpublishedEntriesMax stored entries not published yet beyond which batches are refused;
 *     recovery lists as many in one record
 */
public record ObjectWalSettings(
    long latencyBudgetNs,
    int burst,
    int entryBytesMax,
    long queuedBytesMax,
    long reserveBytes,
    long hedgeDelayNs,
    int publishEntriesMax,
    long publishBytesMax,
    long publishDelayNs,
    int unpublishedEntriesMax) {

  public ObjectWalSettings {
    if (latencyBudgetNs < 1 || burst < 1 || hedgeDelayNs < 1 || publishDelayNs < 0) {
      throw new IllegalArgumentException(
          "a budget of %d ns, %d tokens, hedges after %d ns, publication after %d ns"
              .formatted(latencyBudgetNs, burst, hedgeDelayNs, publishDelayNs));
    }
    if (entryBytesMax < 1 || entryBytesMax > 1 << 30) {
      throw new IllegalArgumentException("WAL entries of %d bytes".formatted(entryBytesMax));
    }
    if (queuedBytesMax < entryBytesMax || reserveBytes < 0) {
      throw new IllegalArgumentException(
          "a queue of %d bytes with a reserve of %d".formatted(queuedBytesMax, reserveBytes));
    }
    if (publishEntriesMax < 1
        || publishBytesMax < 1
        || unpublishedEntriesMax < publishEntriesMax
        || unpublishedEntriesMax > WalPublisher.OBJECTS_MAX) {
      throw new IllegalArgumentException(
          "publication of %d entries or %d bytes, %d entries unpublished"
              .formatted(publishEntriesMax, publishBytesMax, unpublishedEntriesMax));
    }
  }

  /** What a broker derives from its configuration; {@code queuedBytesMax} is for all clients. */
  public static ObjectWalSettings of(
      long latencyBudgetMs, int entryBytesMax, long queuedBytesMax, long hedgeDelayMs) {
    return new ObjectWalSettings(
        TimeUnit.MILLISECONDS.toNanos(latencyBudgetMs),
        4,
        entryBytesMax,
        queuedBytesMax,
        queuedBytesMax / 8,
        TimeUnit.MILLISECONDS.toNanos(hedgeDelayMs),
        64,
        64L << 20,
        TimeUnit.SECONDS.toNanos(1),
        2048);
  }
}
