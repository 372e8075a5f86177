package io.millrace.storage.object;

import io.millrace.objectstore.ObjectStore;
import io.millrace.objectstore.ObjectStore.GetOutcome;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;

/** Ranges of objects, whole or not at all; an unanswered read is repeated a few times. */
public final class StoreReads {
  private static final int ATTEMPTS_MAX = 3;

  private final ObjectStore store;

  public StoreReads(ObjectStore store) {
    this.store = store;
  }

  /**
   * Fails with {@link ObjectAbsentException}, {@link StoreUnavailableException}, or {@link
   * ObjectCorruptException} where the object is shorter.
   */
  public CompletableFuture<ByteBuffer> read(String key, long position, int length) {
    return read(key, position, length, 1);
  }

  private CompletableFuture<ByteBuffer> read(String key, long position, int length, int attempt) {
    return store
        .getRange(key, position, length)
        .thenCompose(outcome -> answer(key, position, length, attempt, outcome));
  }

  private CompletableFuture<ByteBuffer> answer(
      String key, long position, int length, int attempt, GetOutcome outcome) {
    return switch (outcome) {
      case GetOutcome.Found(ByteBuffer body) ->
          body.remaining() == length
              ? CompletableFuture.completedFuture(body)
              : CompletableFuture.failedFuture(
                  shorter(key, position + body.remaining(), position + length));
      case GetOutcome.TooLarge(long bytes) ->
          CompletableFuture.failedFuture(shorter(key, bytes, position + length));
      case GetOutcome.Absent() -> CompletableFuture.failedFuture(new ObjectAbsentException(key));
      case GetOutcome.Unknown(String reason) ->
          attempt < ATTEMPTS_MAX
              ? read(key, position, length, attempt + 1)
              : CompletableFuture.failedFuture(
                  new StoreUnavailableException("reading %s: %s".formatted(key, reason)));
    };
  }

  private static ObjectCorruptException shorter(String key, long bytes, long expected) {
    return new ObjectCorruptException(
        "%s is corrupt: it ends at %d, bytes up to %d were expected"
            .formatted(key, bytes, expected));
  }
}
