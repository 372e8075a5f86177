package io.millrace.broker.fetch;

import io.millrace.broker.api.ApiErrors;
import io.millrace.storage.PartitionId;
import io.millrace.storage.log.PartitionLog;
import io.millrace.storage.log.PartitionLog.LogSlice;
import io.millrace.storage.log.Partitions;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Topic;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the wanted partitions once, one after the other, since what one gives is taken from the
 * limit of the next. Runs on the thread that starts it or completes the last read; one step at a
 * time.
 */
public final class FetchRound {
  private static final Logger LOG = LoggerFactory.getLogger(FetchRound.class);
  private static final int ANY_EPOCH = -1;

  private final Partitions partitions;
  private final MetadataImage image;
  private final List<FetchWish> wishes;
  private final FetchLimits limits;
  private final List<PartitionFetch> fetched;
  private final CompletableFuture<List<PartitionFetch>> done = new CompletableFuture<>();
  private int bytesLeft;
  private boolean firstBatchTaken;

  private FetchRound(
      Partitions partitions, MetadataImage image, List<FetchWish> wishes, FetchLimits limits) {
    this.partitions = partitions;
    this.image = image;
    this.wishes = wishes;
    this.limits = limits;
    this.fetched = new ArrayList<>(wishes.size());
    this.bytesLeft = limits.bytesMax();
  }

  /** All wishes in their order; never fails. */
  public static CompletableFuture<List<PartitionFetch>> read(
      Partitions partitions, MetadataImage image, List<FetchWish> wishes, FetchLimits limits) {
    FetchRound round = new FetchRound(partitions, image, wishes, limits);
    round.proceed();
    return round.done;
  }

  private void proceed() {
    while (fetched.size() < wishes.size()) {
      FetchWish wish = wishes.get(fetched.size());
      CompletableFuture<PartitionFetch> read =
          begin(wish)
              .exceptionally(failure -> new PartitionFetch.Failed(wish, ApiErrors.of(failure)));
      if (!read.isDone()) {
        read.thenAccept(late -> {
          take(late);
          proceed();
        });
        return;
      }
      take(read.join());
    }
    done.complete(fetched);
  }

  private void take(PartitionFetch fetch) {
    fetched.add(fetch);
    if (fetch instanceof PartitionFetch.Read(_, _, LogSlice slice) && slice.sizeBytes() > 0) {
      firstBatchTaken = true;
      bytesLeft = Math.max(0, bytesLeft - slice.sizeBytes());
    }
  }

  /** Never throws: what was read before would not be given back, and the fetch not be answered. */
  private CompletableFuture<PartitionFetch> begin(FetchWish wish) {
    try {
      return read(wish);
    } catch (RuntimeException bug) {
      LOG.error("Fetch failed {}", wish.key(), bug);
      return CompletableFuture.failedFuture(bug);
    }
  }

  private CompletableFuture<PartitionFetch> read(FetchWish wish) {
    FetchKey key = wish.key();
    boolean byName = key.topicId().equals(Uuid.ZERO_UUID);
    @Nullable Topic topic = byName ? image.topic(key.topic()) : image.topic(key.topicId());
    if (topic == null) {
      return failed(wish, byName ? Errors.UNKNOWN_TOPIC_OR_PARTITION : Errors.UNKNOWN_TOPIC_ID);
    }
    if (key.partition() < 0 || key.partition() >= topic.partitions().size()) {
      return failed(wish, Errors.UNKNOWN_TOPIC_OR_PARTITION);
    }
    PartitionId id = new PartitionId(topic.id(), key.partition());
    PartitionLog open = partitions.ifOpen(id);
    return open != null
        ? read(wish, open)
        : partitions.open(id).thenCompose(opened -> read(wish, opened));
  }

  private CompletableFuture<PartitionFetch> read(FetchWish wish, PartitionLog log) {
    if (wish.currentLeaderEpoch() != ANY_EPOCH && wish.currentLeaderEpoch() != log.leaderEpoch()) {
      return failed(
          wish,
          wish.currentLeaderEpoch() < log.leaderEpoch()
              ? Errors.FENCED_LEADER_EPOCH
              : Errors.UNKNOWN_LEADER_EPOCH);
    }
    return log.read(
            wish.fetchOffset(),
            Math.max(0, Math.min(wish.bytesMax(), bytesLeft)),
            !firstBatchTaken,
            limits.isolation())
        .thenApply(slice -> new PartitionFetch.Read(wish, log, slice));
  }

  private static CompletableFuture<PartitionFetch> failed(FetchWish wish, Errors error) {
    return CompletableFuture.completedFuture(new PartitionFetch.Failed(wish, error));
  }
}
