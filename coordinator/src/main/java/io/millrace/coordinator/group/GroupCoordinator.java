package io.millrace.coordinator.group;

import io.millrace.coordinator.ShardRegistry;
import io.millrace.coordinator.ShardRunner;
import io.millrace.runtime.FailureCause;
import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.MetadataImage;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.InvalidGroupIdException;
import org.apache.kafka.common.errors.NotCoordinatorException;
import org.apache.kafka.common.message.ListGroupsResponseData.ListedGroup;
import org.apache.kafka.common.utils.Utils;
import org.jspecify.annotations.Nullable;

/** Finds the shard of a group and runs requests there. Any thread may call. */
public final class GroupCoordinator {
  public static final String TOPIC = "__consumer_offsets";

  private final ShardRegistry<GroupShard> shards;
  private final Supplier<MetadataImage> image;

  public GroupCoordinator(ShardRegistry<GroupShard> shards, Supplier<MetadataImage> image) {
    this.shards = shards;
    this.image = image;
  }

  /** The partition of the offsets topic a group lives in, as every Kafka broker computes it. */
  public static int partitionOf(String groupId, int partitions) {
    return Utils.abs(groupId.hashCode()) % partitions;
  }

  /** Runs one request on the group's shard; NOT_COORDINATOR where this broker does not have it. */
  public <T> CompletableFuture<T> call(String groupId, ShardRunner.Call<GroupShard, T> request) {
    if (Utils.utf8Length(groupId) > Short.MAX_VALUE) {
      return CompletableFuture.failedFuture(
          new InvalidGroupIdException(
              "A group id has at most %d bytes.".formatted(Short.MAX_VALUE)));
    }
    MetadataImage.Topic topic = image.get().topic(TOPIC);
    if (topic == null) {
      return CompletableFuture.failedFuture(
          new NotCoordinatorException("The topic " + TOPIC + " does not exist yet."));
    }
    PartitionId id = new PartitionId(topic.id(), partitionOf(groupId, topic.partitions().size()));
    return shards.shard(id).thenCompose(runner -> runner.call(request));
  }

  /** The partition of the offsets topic a group lives in; -1 as long as there is no such topic. */
  public TopicPartition offsetsPartition(String groupId) {
    MetadataImage.Topic topic = image.get().topic(TOPIC);
    return new TopicPartition(
        TOPIC, topic == null ? -1 : partitionOf(groupId, topic.partitions().size()));
  }

  /** All groups of the partitions this broker leads. */
  public CompletableFuture<List<ListedGroup>> list() {
    MetadataImage now = image.get();
    MetadataImage.Topic topic = now.topic(TOPIC);
    if (topic == null) {
      return CompletableFuture.completedFuture(List.of());
    }
    List<CompletableFuture<List<ListedGroup>>> parts = new ArrayList<>();
    for (int p = 0; p < topic.partitions().size(); p++) {
      PartitionId id = new PartitionId(topic.id(), p);
      parts.add(
          shards
              .shard(id)
              .thenCompose(runner -> runner.<List<ListedGroup>>call(GroupShard::list))
              .exceptionallyCompose(GroupCoordinator::nothingIfLedElsewhere));
    }
    return CompletableFuture.allOf(parts.toArray(CompletableFuture[]::new))
        .thenApply(done -> parts.stream().flatMap(part -> part.join().stream()).toList());
  }

  /**
   * The end of a producer's transaction is durable in a partition of the offsets topic: completes
   * when those who ask are told of its offsets, or of none if it was aborted. Fails with
   * NOT_COORDINATOR where the partition is led elsewhere now; the new leader reads the marker.
   */
  public CompletableFuture<Void> onTransactionCompleted(
      PartitionId offsetsPartition, long producerId, short producerEpoch, boolean committed) {
    return shards
        .shard(offsetsPartition)
        .thenCompose(runner ->
            runner.<Boolean>call((shard, out, reply) ->
                shard.completeTransaction(producerId, committed, out, reply)))
        .thenApply(done -> null);
  }

  private static CompletableFuture<List<ListedGroup>> nothingIfLedElsewhere(Throwable failure) {
    Throwable cause = FailureCause.of(failure);
    return cause instanceof NotCoordinatorException
        ? CompletableFuture.completedFuture(List.of())
        : CompletableFuture.failedFuture(failure);
  }

  /**
   * Tells loaded shards that a topic is gone, so that its offsets go. Shards not loaded ignore them
   * by topic id.
   */
  public void topicDeleted(Uuid topicId) {
    for (CompletableFuture<ShardRunner<GroupShard>> each : shards.present()) {
      each.thenAccept(runner -> runner.tell((shard, out) -> shard.topicDeleted(topicId, out)));
    }
  }

  /** The topic of a request's name or id, whichever is set; null if there is none. */
  public MetadataImage.@Nullable Topic resolve(@Nullable String name, Uuid topicId) {
    MetadataImage now = image.get();
    return topicId.equals(Uuid.ZERO_UUID)
        ? (name == null ? null : now.topic(name))
        : now.topic(topicId);
  }

  public void close() {
    shards.close();
  }
}
