package io.millrace.coordinator.group;

import io.millrace.coordinator.ShardHarness;
import io.millrace.coordinator.ShardRunner;
import io.millrace.coordinator.group.GroupShard.Fetched;
import io.millrace.coordinator.group.classic.ClassicSettings;
import io.millrace.coordinator.group.consumer.ConsumerSettings;
import io.millrace.coordinator.group.consumer.MigrationPolicy;
import io.millrace.coordinator.group.offset.FetchedOffset;
import io.millrace.coordinator.group.offset.OffsetCommit;
import io.millrace.coordinator.group.offset.Offsets.Wanted;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Topic;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ConsumerGroupDescribeResponseData.DescribedGroup;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;
import org.pcollections.TreePVector;

/** A group shard, the topics around it, and shorthand for requests. */
final class GroupWorld {
  static final int SESSION_MS = 45_000;
  static final int REBALANCE_MS = 30_000;
  static final int MEMBERS_MAX = 8;
  static final long RETENTION_MS = 3_600_000;
  static final long RETENTION_CHECK_MS = 600_000;
  static final short VERSION = 9;
  static final GroupCaller CALLER = new GroupCaller("client", "/h", VERSION);

  final ShardHarness<GroupShard> harness;
  private MetadataImage image = MetadataImage.EMPTY;
  private @Nullable GroupShard shard;
  private long nextTopic = 1;

  GroupWorld() {
    this(MigrationPolicy.BIDIRECTIONAL, 0);
  }

  GroupWorld(MigrationPolicy policy, int assignmentIntervalMs) {
    this(new ClassicSettings(6_000, 1_800_000, 0, MEMBERS_MAX), policy, assignmentIntervalMs);
  }

  GroupWorld(ClassicSettings classic, MigrationPolicy policy, int assignmentIntervalMs) {
    GroupSettings settings =
        new GroupSettings(
            classic,
            new ConsumerSettings(List.of("uniform", "range"), MEMBERS_MAX, policy),
            4096,
            RETENTION_MS,
            RETENTION_CHECK_MS);
    harness =
        new ShardHarness<>((environment, log) -> {
          GroupShard made =
              new GroupShard(
                  settings,
                  _ -> new ConsumerSettings.OfGroup(SESSION_MS, 5_000, assignmentIntervalMs),
                  log,
                  environment.clock(),
                  environment.randomness(),
                  () -> image);
          shard = made;
          return made;
        });
  }

  /** The shard that runs, which replay brought to where it is. */
  GroupShard shard() {
    return Objects.requireNonNull(shard);
  }

  /** Another shard, as the log alone makes it. */
  GroupShard replayed() {
    GroupShard running = shard();
    GroupShard copy = harness.replayed();
    shard = running;
    return copy;
  }

  Uuid topic(String name, int partitions) {
    Topic present = image.topic(name);
    Uuid id = present == null ? new Uuid(7, nextTopic++) : present.id();
    List<MetadataImage.Partition> all = new ArrayList<>();
    for (int p = 0; p < partitions; p++) {
      all.add(TestImages.PARTITION);
    }
    Topic topic = new Topic(id, name, TreePVector.from(all));
    image =
        TestImages.withTopics(
            image, image.topics().plus(id, topic), image.topicIds().plus(name, id));
    return id;
  }

  void deleteTopic(String name) {
    Uuid id = image.topicIds().get(name);
    image = TestImages.withTopics(image, image.topics().minus(id), image.topicIds().minus(name));
  }

  MetadataImage image() {
    return image;
  }

  <T> CompletableFuture<T> call(ShardRunner.Call<GroupShard, T> request) {
    return harness.call(request);
  }

  ConsumerGroupHeartbeatResponseData heartbeat(ConsumerGroupHeartbeatRequestData request) {
    return this.<ConsumerGroupHeartbeatResponseData>call(
            (group, out, reply) -> group.heartbeat(CALLER, request, out, reply))
        .join();
  }

  /** A first heartbeat of the consumer protocol. */
  static ConsumerGroupHeartbeatRequestData join(String memberId, String... topics) {
    return new ConsumerGroupHeartbeatRequestData()
        .setGroupId("g")
        .setMemberId(memberId)
        .setMemberEpoch(0)
        .setRebalanceTimeoutMs(REBALANCE_MS)
        .setSubscribedTopicNames(List.of(topics))
        .setTopicPartitions(List.of());
  }

  /** One that says nothing new. */
  static ConsumerGroupHeartbeatRequestData alive(String memberId, int epoch) {
    return new ConsumerGroupHeartbeatRequestData()
        .setGroupId("g")
        .setMemberId(memberId)
        .setMemberEpoch(epoch);
  }

  static List<ConsumerGroupHeartbeatRequestData.TopicPartitions> owning(
      Uuid topic, Integer... partitions) {
    return List.of(
        new ConsumerGroupHeartbeatRequestData.TopicPartitions()
            .setTopicId(topic)
            .setPartitions(List.of(partitions)));
  }

  /** Partitions of one topic that an answer assigns; fails if it assigns nothing. */
  static Set<Integer> assigned(ConsumerGroupHeartbeatResponseData answer, Uuid topic) {
    Set<Integer> partitions = new TreeSet<>();
    answer.assignment().topicPartitions().stream()
        .filter(each -> each.topicId().equals(topic))
        .forEach(each -> partitions.addAll(each.partitions()));
    return partitions;
  }

  DescribedGroup describe() {
    return this.<DescribedGroup>call((group, out, reply) -> group.describeConsumer("g", out, reply))
        .join();
  }

  Errors commit(String memberId, int epoch, Uuid topicId, int partition, long offset) {
    OffsetCommit commit = new OffsetCommit("t", topicId, partition, offset, -1, "");
    return this.<List<Errors>>call((group, out, reply) ->
            group.commit(
                "g", new Committer(memberId, null, epoch, VERSION), List.of(commit), out, reply))
        .join()
        .getFirst();
  }

  Fetched fetch(String memberId, int epoch, Uuid topicId, int partition) {
    return this.<Fetched>call((group, out, reply) ->
            group.fetch(
                "g",
                memberId,
                epoch,
                List.of(new Wanted("t", topicId, partition)),
                true,
                out,
                reply))
        .join();
  }

  FetchedOffset offset(Uuid topicId, int partition) {
    return fetch("", -1, topicId, partition).offsets().getFirst();
  }
}
