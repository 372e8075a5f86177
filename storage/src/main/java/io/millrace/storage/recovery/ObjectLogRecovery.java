package io.millrace.storage.recovery;

import io.millrace.objectstore.ObjectStore;
import io.millrace.objectstore.ObjectStore.GetOutcome;
import io.millrace.objectstore.ObjectStore.ListOutcome;
import io.millrace.runtime.EventLoop;
import io.millrace.runtime.Randomness;
import io.millrace.storage.Keys;
import io.millrace.storage.StoreCalls;
import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import io.millrace.storage.wal.WalEntry;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Reads the sealed log of an ObjectWal: the entries from trim + 1 to its end, which are objects as
 * they lie, and then those behind the end, which must not show that more had been durable. Writes
 * nothing. Works on one loop with the store's futures. Steps: docs/protocols/fence-and-seal.md.
 */
public final class ObjectLogRecovery implements LogRecovery {
  /** An entry is larger only by a single batch, and requests are smaller than that. */
  private static final int OBJECT_BYTES_MAX = 512 << 20;

  private static final int READ_AHEAD_MAX = 8;
  private static final int KEYS_PER_LIST = 1000;

  private final StoreCalls calls;
  private final EventLoop loop;

  public ObjectLogRecovery(ObjectStore store, EventLoop loop, Randomness randomness) {
    this.loop = loop;
    this.calls = new StoreCalls(store, loop, randomness);
  }

  @Override
  public CompletableFuture<RecoveredLog> recover(Incarnation ended, long endSequence) {
    WriterId writer = ended.writer();
    EntryScan scan = new EntryScan(writer);
    return CompletableFuture.supplyAsync(
            () ->
                InOrder.run(
                    ended.trim() + 1,
                    endSequence + 1,
                    READ_AHEAD_MAX,
                    sequence -> calls.get(Keys.wal(writer, sequence), OBJECT_BYTES_MAX),
                    (outcome, sequence) -> scan.adopt(sequence, body(writer, sequence, outcome))),
            loop)
        .thenCompose(read -> read)
        .thenCompose(_ -> lookBehind(scan, writer, endSequence, Keys.wal(writer, endSequence + 1)))
        .thenApply(_ -> new RecoveredLog(endSequence, scan.objects()));
  }

  private static ByteBuffer body(WriterId writer, long sequence, GetOutcome outcome) {
    return switch (outcome) {
      case GetOutcome.Found(ByteBuffer found) -> found;
      case GetOutcome.Absent() ->
          throw new WalCorruptException(
              Keys.wal(writer, sequence) + " was stored when the log was sealed and is gone");
      case GetOutcome.TooLarge(long bytes) ->
          throw new WalCorruptException(
              "%s has %d bytes, which no entry has".formatted(Keys.wal(writer, sequence), bytes));
      case GetOutcome.Unknown unknown -> throw new IllegalStateException("no answer: " + unknown);
    };
  }

  /**
   * Entries behind the end were put beside the one that is missing; none may say it was durable.
   */
  private CompletableFuture<Void> lookBehind(
      EntryScan scan, WriterId writer, long endSequence, String after) {
    return calls
        .list(Keys.walPrefix(writer), after, KEYS_PER_LIST)
        .thenCompose(outcome ->
            switch (outcome) {
              case ListOutcome.Keys(List<String> keys, boolean more) ->
                  InOrder.run(
                          0,
                          keys.size(),
                          READ_AHEAD_MAX,
                          i -> head(keys.get((int) i), scan, endSequence),
                          (_, _) -> {})
                      .thenCompose(_ ->
                          more
                              ? lookBehind(scan, writer, endSequence, keys.getLast())
                              : CompletableFuture.<Void>completedFuture(null));
              case ListOutcome.Unknown unknown ->
                  throw new IllegalStateException("no answer: " + unknown);
            });
  }

  private CompletableFuture<Void> head(String key, EntryScan scan, long endSequence) {
    return calls
        .getRange(key, 0, EntryScan.HEAD_BYTES)
        .thenCompose(outcome ->
            outcome instanceof GetOutcome.Found(ByteBuffer head)
                    && scan.mayCover(head, endSequence + 1)
                ? whole(key, scan, endSequence)
                : CompletableFuture.<Void>completedFuture(null));
  }

  private CompletableFuture<Void> whole(String key, EntryScan scan, long endSequence) {
    return calls
        .get(key, OBJECT_BYTES_MAX)
        .thenAccept(outcome -> {
          WalEntry later =
              outcome instanceof GetOutcome.Found(ByteBuffer body) ? scan.entry(body) : null;
          if (later != null && later.durableSequence() > endSequence) {
            throw scan.missing(endSequence + 1, key, later);
          }
        });
  }

  /** The garbage collector finds what is not listed. */
  @Override
  public CompletableFuture<Void> deleteLeftovers(MetadataImage image, Incarnation ended) {
    return CompletableFuture.completedFuture(null);
  }
}
