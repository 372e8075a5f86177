package io.millrace.coordinator.group;

import io.millrace.coordinator.ShardRegistry;
import io.millrace.coordinator.ShardRunner;
import io.millrace.coordinator.TopicShards;
import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.MetadataImage;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.InvalidGroupIdException;
import org.apache.kafka.common.message.ListGroupsResponseData.ListedGroup;
import org.apache.kafka.common.utils.Utils;
import org.jspecify.annotations.Nullable;

/** Finds the shard of a group and runs requests there. Any thread may call. */
public final class GroupCoordinator {
  public static final String TOPIC = "__consumer_offsets";

  private final ShardRegistry<GroupShard> shards;
  private final TopicShards<GroupShard> topicShards;
  private final Supplier<MetadataImage> image;

  public GroupCoordinator(ShardRegistry<GroupShard> shards, Supplier<MetadataImage> image) {
    this.shards = shards;
    this.topicShards = new TopicShards<>(TOPIC, shards, image);
    this.image = image;
  }

  /** Runs one request on the group's shard; NOT_COORDINATOR where this broker does not have it. */
  public <T> CompletableFuture<T> call(String groupId, ShardRunner.Call<GroupShard, T> request) {
    return tooLong(groupId)
        ? CompletableFuture.failedFuture(invalid())
        : topicShards.call(groupId, request);
  }

  /** The same for a request that writes nothing. */
  public <T> CompletableFuture<T> ask(String groupId, ShardRunner.Call<GroupShard, T> request) {
    return tooLong(groupId)
        ? CompletableFuture.failedFuture(invalid())
        : topicShards.ask(groupId, request);
  }

  private static boolean tooLong(String groupId) {
    return Utils.utf8Length(groupId) > Short.MAX_VALUE;
  }

  private static InvalidGroupIdException invalid() {
    return new InvalidGroupIdException(
        "A group id has at most %d bytes.".formatted(Short.MAX_VALUE));
  }

  /** The partition of the offsets topic a group lives in; -1 as long as there is no such topic. */
  public TopicPartition offsetsPartition(String groupId) {
    MetadataImage.Topic topic = image.get().topic(TOPIC);
    return new TopicPartition(
        TOPIC, topic == null ? -1 : TopicShards.partitionOf(groupId, topic.partitions().size()));
  }

  /** All groups of the partitions this broker leads. */
  public CompletableFuture<List<ListedGroup>> list() {
    return topicShards.askAll(GroupShard::list);
  }

  /**
   * The end of a producer's transaction is durable in a partition of the offsets topic: completes
   * when those who ask are told of its offsets, or of none if it was aborted. Fails with
   * NOT_COORDINATOR where the partition is led elsewhere now; the new leader reads the marker.
   */
  public CompletableFuture<Void> onTransactionCompleted(
      PartitionId offsetsPartition, long producerId, boolean committed) {
    return shards
        .shard(offsetsPartition)
        .thenCompose(runner ->
            runner.<Boolean>ask((shard, out, reply) ->
                shard.completeTransaction(producerId, committed, out, reply)))
        .thenApply(done -> null);
  }

  /**
   * Tells loaded shards that a topic is gone from the image, so that its offsets go. Shards not
   * loaded ignore them by topic id.
   */
  public void topicDeleted() {
    for (CompletableFuture<ShardRunner<GroupShard>> each : shards.present()) {
      each.thenAccept(runner -> runner.tell(GroupShard::topicDeleted));
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
