package io.millrace.coordinator;

import io.millrace.runtime.FailureCause;
import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.MetadataImage;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.apache.kafka.common.errors.NotCoordinatorException;
import org.apache.kafka.common.utils.Utils;

/**
 * The shards of a coordinator's topic, found by the key of what they hold (a group id, a
 * transactional id). Any thread may call.
 */
public final class TopicShards<S extends Shard> {
  private final String topic;
  private final ShardRegistry<S> shards;
  private final Supplier<MetadataImage> image;

  public TopicShards(String topic, ShardRegistry<S> shards, Supplier<MetadataImage> image) {
    this.topic = topic;
    this.shards = shards;
    this.image = image;
  }

  /** The partition a key lives in, as every Kafka broker computes it. */
  public static int partitionOf(String key, int partitions) {
    return Utils.abs(key.hashCode()) % partitions;
  }

  /** Runs one request on the key's shard; NOT_COORDINATOR where this broker does not have it. */
  public <T> CompletableFuture<T> call(String key, ShardRunner.Call<S, T> request) {
    return shard(key).thenCompose(runner -> runner.call(request));
  }

  /** The same for a request that writes nothing. */
  public <T> CompletableFuture<T> ask(String key, ShardRunner.Call<S, T> request) {
    return shard(key).thenCompose(runner -> runner.ask(request));
  }

  private CompletableFuture<ShardRunner<S>> shard(String key) {
    MetadataImage.Topic found = image.get().topic(topic);
    if (found == null) {
      return CompletableFuture.failedFuture(
          new NotCoordinatorException("The topic " + topic + " does not exist yet."));
    }
    PartitionId id = new PartitionId(found.id(), partitionOf(key, found.partitions().size()));
    return shards.shard(id);
  }

  /**
   * Runs one request that writes nothing on every shard this broker has, and puts the answers
   * together.
   */
  public <T> CompletableFuture<List<T>> askAll(ShardRunner.Call<S, List<T>> request) {
    MetadataImage.Topic found = image.get().topic(topic);
    if (found == null) {
      return CompletableFuture.completedFuture(List.of());
    }
    List<CompletableFuture<List<T>>> parts = new ArrayList<>();
    for (int p = 0; p < found.partitions().size(); p++) {
      parts.add(
          shards
              .shard(new PartitionId(found.id(), p))
              .thenCompose(runner -> runner.ask(request))
              .exceptionallyCompose(TopicShards::nothingIfLedElsewhere));
    }
    return CompletableFuture.allOf(parts.toArray(CompletableFuture[]::new))
        .thenApply(_ -> parts.stream().flatMap(part -> part.resultNow().stream()).toList());
  }

  private static <T> CompletableFuture<List<T>> nothingIfLedElsewhere(Throwable failure) {
    Throwable cause = FailureCause.of(failure);
    return cause instanceof NotCoordinatorException
        ? CompletableFuture.completedFuture(List.of())
        : CompletableFuture.failedFuture(failure);
  }
}
