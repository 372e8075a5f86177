package io.millrace.storage.object;

import io.millrace.objectstore.ObjectStore;
import io.millrace.runtime.Clock;
import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.object.ObjectCatalog.Part;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.errors.UnknownTopicIdException;

/**
 * Learns a partition's published state: its checkpoint, and the footers of what was published after
 * it. Any thread may call.
 */
public final class PartitionOpener {
  private static final long CHECKPOINT_CACHE_BYTES_MAX = 64L << 20;

  private final ObjectCatalog catalog;
  private final CheckpointCache checkpoints;
  private final Clock clock;

  public PartitionOpener(ObjectCatalog catalog, ObjectStore store, Clock clock) {
    this.catalog = catalog;
    this.checkpoints = new CheckpointCache(store, CHECKPOINT_CACHE_BYTES_MAX);
    this.clock = clock;
  }

  /**
   * The partition by the newest image.
   *
   * @return fails with {@link UnknownTopicIdException} if the image does not have it, with {@link
   *     ObjectCorruptException} if published offsets at or above the log start are in no object
   */
  public CompletableFuture<PartitionSummary> open(PartitionId id) {
    return catalog.onImage(image -> open(image, id));
  }

  private CompletableFuture<PartitionSummary> open(MetadataImage image, PartitionId id) {
    Partition partition = image.partition(id);
    if (partition == null) {
      return unknown(id);
    }
    CompletableFuture<PartitionSummary> start =
        partition
            .checkpoint()
            .map(named ->
                checkpoints.get(id, named).thenApply(found -> PartitionSummary.of(found, nowMs())))
            .orElseGet(() -> CompletableFuture.completedFuture(PartitionSummary.empty(id)));
    return start.thenCompose(summary -> advance(image, summary, partition.logStart()));
  }

  /**
   * The summary with all that was published since, by the newest image. Fails like {@link #open}.
   */
  public CompletableFuture<PartitionSummary> advance(PartitionSummary summary) {
    return catalog.onImage(image -> {
      Partition partition = image.partition(summary.partition());
      return partition == null
          ? unknown(summary.partition())
          : advance(image, summary, partition.logStart());
    });
  }

  private CompletableFuture<PartitionSummary> advance(
      MetadataImage image, PartitionSummary summary, long logStart) {
    return catalog
        .parts(image, summary.partition(), summary.end())
        .thenApply(parts -> fold(summary, parts, logStart));
  }

  private static CompletableFuture<PartitionSummary> unknown(PartitionId id) {
    return CompletableFuture.failedFuture(
        new UnknownTopicIdException("partition " + id + " does not exist"));
  }

  private PartitionSummary fold(PartitionSummary start, List<Part> parts, long logStart) {
    PartitionSummary summary = start;
    for (Part part : parts) {
      long base = part.footer().baseOffset();
      if (base > summary.end() && base > logStart) {
        throw new ObjectCorruptException(
            "offsets [%d, %d) of %s are in no listed object; %s begins behind them"
                .formatted(summary.end(), base, start.partition(), part.object().key()));
      }
      summary = summary.fold(part.footer(), nowMs());
    }
    return summary.withoutEpochsBelow(logStart);
  }

  private long nowMs() {
    return TimeUnit.NANOSECONDS.toMillis(clock.monotonicNs());
  }
}
