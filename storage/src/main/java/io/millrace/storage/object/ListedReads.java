package io.millrace.storage.object;

import io.millrace.runtime.FailureCause;
import io.millrace.storage.metadata.MetadataLog;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * Reads of objects that are pinned and were seen listed after that, so what is read is not a
 * recycled file. Damage is believed only of what a newer image lists still: in place of a log entry
 * that was collected, a late seal may lie (invariant I8). Any thread may call.
 */
final class ListedReads {
  private final MetadataLog metadata;
  private final ObjectPins pins;

  ListedReads(MetadataLog metadata, ObjectPins pins) {
    this.metadata = metadata;
    this.pins = pins;
  }

  /**
   * Fails with {@link ObjectAbsentException} if the image no longer lists the object.
   *
   * @param read all of it, checks included
   */
  <T> CompletableFuture<T> read(String key, Supplier<CompletableFuture<T>> read) {
    pins.pin(key);
    CompletableFuture<T> answer;
    try {
      answer =
          metadata.image().objects().containsKey(key)
              ? read.get()
              : CompletableFuture.failedFuture(new ObjectAbsentException(key));
    } catch (RuntimeException e) {
      answer = CompletableFuture.failedFuture(e);
    }
    return answer
        .whenComplete((_, _) -> pins.unpin(key))
        .exceptionallyCompose(failure ->
            FailureCause.of(failure) instanceof ObjectCorruptException corrupt
                ? damaged(key, corrupt)
                : CompletableFuture.failedFuture(failure));
  }

  private <T> CompletableFuture<T> damaged(String key, ObjectCorruptException corrupt) {
    return metadata
        .refresh()
        .thenCompose(newer ->
            CompletableFuture.failedFuture(
                newer.objects().containsKey(key) ? corrupt : new ObjectAbsentException(key)));
  }
}
