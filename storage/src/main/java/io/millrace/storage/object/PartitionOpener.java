package io.millrace.storage.object;

import io.millrace.objectstore.ObjectStore;
import io.millrace.runtime.Clock;
import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Checkpoint;
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
   *     ObjectCorruptException} if offsets that no checkpoint covers are in no object
   */
  public CompletableFuture<PartitionSummary> open(PartitionId id) {
    return onPartition(id, (image, partition) -> open(image, id, partition));
  }

  /** A checkpoint that the image names. */
  CompletableFuture<PartitionCheckpoint> checkpoint(PartitionId id, Checkpoint named) {
    return checkpoints.get(id, named);
  }

  /**
   * The summary with all that was published since, by the newest image. Fails like {@link #open}.
   */
  public CompletableFuture<PartitionSummary> advance(PartitionSummary summary) {
    PartitionId id = summary.partition();
    return onPartition(
        id,
        (image, partition) ->
            follow(image, summary, partition)
                // merged away behind a checkpoint that covers it
                .thenCompose(followed ->
                    followed.whole()
                        ? CompletableFuture.completedFuture(followed.summary())
                        : open(image, id, partition)));
  }

  private interface Look {
    CompletableFuture<PartitionSummary> at(MetadataImage image, Partition partition);
  }

  private CompletableFuture<PartitionSummary> onPartition(PartitionId id, Look look) {
    return catalog.onImage(image -> {
      Partition partition = image.partition(id);
      return partition == null
          ? CompletableFuture.failedFuture(
              new UnknownTopicIdException("partition " + id + " does not exist"))
          : look.at(image, partition);
    });
  }

  private CompletableFuture<PartitionSummary> open(
      MetadataImage image, PartitionId id, Partition partition) {
    CompletableFuture<PartitionSummary> start =
        partition
            .checkpoint()
            .map(named ->
                checkpoints.get(id, named).thenApply(found -> PartitionSummary.of(found, nowMs())))
            .orElseGet(() -> CompletableFuture.completedFuture(PartitionSummary.empty(id)));
    return start
        .thenCompose(summary -> follow(image, summary, partition))
        .thenApply(followed -> {
          if (!followed.whole()) {
            throw new ObjectCorruptException(
                "offset %d of %s is in no listed object, and no checkpoint covers it"
                    .formatted(followed.summary().end(), id));
          }
          return followed.summary();
        });
  }

  /**
   * @param whole false if something is missing behind the summary: dropped below a log start, which
   *     only a newer checkpoint can tell of
   */
  private record Followed(PartitionSummary summary, boolean whole) {}

  private CompletableFuture<Followed> follow(
      MetadataImage image, PartitionSummary summary, Partition partition) {
    return catalog
        .parts(image, summary.partition(), summary.end())
        .thenApply(parts -> follow(summary, parts, partition));
  }

  private Followed follow(PartitionSummary start, List<Part> parts, Partition partition) {
    PartitionSummary summary = start;
    for (Part part : parts) {
      if (part.footer().baseOffset() > summary.end()) {
        return new Followed(summary, false);
      }
      summary = summary.fold(part.footer(), nowMs());
    }
    long covered = partition.checkpoint().map(Checkpoint::end).orElse(0L);
    return new Followed(summary.withoutEpochsBelow(partition.logStart()), summary.end() >= covered);
  }

  private long nowMs() {
    return TimeUnit.NANOSECONDS.toMillis(clock.monotonicNs());
  }
}
