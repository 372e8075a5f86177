package io.millrace.storage.metadata;

import io.millrace.storage.PartitionId;
import io.millrace.storage.WriterId;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.Uuid;

/**
 * The typed records of metadata entries; each is the content of one command and names what it
 * relies on. Whether a record is void on an image is decided in {@link ImageDraft}, in one place,
 * the same for proposing and for replaying.
 */
public sealed interface MetadataRecord {

  /** Gives the cluster its id and the levels of its features; void if it has one. */
  record ClusterCreated(Uuid clusterId, int formatVersion, Map<String, Short> features)
      implements MetadataRecord {}

  /** A listener address of a broker. */
  record Endpoint(String listener, String host, int port, String securityProtocol) {}

  /**
   * Command 0 of an incarnation. Fences an older incarnation of the same node id; broker epoch =
   * highest + 1.
   *
   * @param replaces the registered incarnation of the node id that it relies on; empty: there is
   *     none
   */
  record IncarnationRegistered(
      WriterId writer,
      int nodeId,
      Optional<WriterId> replaces,
      List<Endpoint> endpoints,
      Optional<String> rack,
      String version)
      implements MetadataRecord {}

  /**
   * Freezes the trim; its partitions have no leader until it is recovered. Relies on: registered.
   */
  record IncarnationFenced(WriterId writer) implements MetadataRecord {}

  /**
   * The end of a fenced incarnation's log: level-0 objects published in place; each of its
   * partitions goes to its first live replica (any live broker if none lives) with epoch + 1.
   * Relies on: fenced; trim = the frozen trim it was computed from.
   */
  record IncarnationRecovered(
      WriterId writer, long trim, long endSequence, List<ObjectInfo> objects)
      implements MetadataRecord {}

  /**
   * One or more WAL files become level 0 and the trim moves. Relies on: registered; trim before.
   */
  record WalPublished(WriterId writer, long trimBefore, long trimAfter, List<ObjectInfo> objects)
      implements MetadataRecord {}

  /**
   * A new topic; partition p is led by the first live broker of replicas.get(p), epoch 0. Void if
   * the name is taken.
   */
  record TopicCreated(
      Uuid topicId, String name, List<List<Integer>> replicas, Map<String, String> configs)
      implements MetadataRecord {}

  /** Void if absent. */
  record TopicDeleted(Uuid topicId) implements MetadataRecord {}

  /** Adds partitions at the end. Relies on: the number of partitions before. */
  record PartitionsAdded(Uuid topicId, int partitionsBefore, List<List<Integer>> replicas)
      implements MetadataRecord {}

  /** The leader's own handover (design 7a). Relies on: its leader epoch. */
  record LeaderHandedOver(PartitionId partition, int leaderEpoch, int newLeader)
      implements MetadataRecord {}

  /**
   * Where the partition should be led; obeyed by its leader. Naming the present leader takes a
   * target back.
   */
  record TargetLeaderSet(PartitionId partition, int targetLeader) implements MetadataRecord {}

  /**
   * Another replica list, in order of preference. Relies on: the list before. If the leader's node
   * is not in the new one, the first live broker of it becomes the target leader.
   */
  record ReplicasChanged(PartitionId partition, List<Integer> before, List<Integer> replicas)
      implements MetadataRecord {}

  /** Log start moves up. Relies on: its leader epoch; never moves back. */
  record LogStartMoved(PartitionId partition, int leaderEpoch, long logStart)
      implements MetadataRecord {}

  /** Kafka's config resource types that are stored. */
  enum ConfigScope {
    TOPIC,
    BROKER,
    CLUSTER_DEFAULT,
    GROUP,
    CLIENT_METRICS
  }

  /**
   * Sets (present) or removes (empty) config values; for topics, {@code name} is the topic id as
   * text, and it is void if the topic is gone.
   *
   * @param before stored values (empty: none) that the change was computed from and relies on, as
   *     appending to a list does
   */
  record ConfigsChanged(
      ConfigScope scope,
      String name,
      Map<String, Optional<String>> changes,
      Map<String, Optional<String>> before)
      implements MetadataRecord {
    public ConfigsChanged(ConfigScope scope, String name, Map<String, Optional<String>> changes) {
      this(scope, name, changes, Map.of());
    }
  }

  /** A block of producer ids for one broker. Relies on: the next free id. */
  record ProducerIdsTaken(long first, int count) implements MetadataRecord {}

  /** A merge dropped records of the partition, all below {@code end}. */
  record Dropped(PartitionId partition, long end) {}

  /**
   * Inputs are unlisted, outputs (the issuer's own) listed, in one step. Relies on: inputs listed;
   * where records were dropped, the partition's checkpoint covers them or its topic is gone;
   * outputs not deletable (invariant I8).
   */
  record ObjectsMerged(List<String> inputs, List<ObjectInfo> outputs, List<Dropped> dropped)
      implements MetadataRecord {}

  /** One partition's part of a checkpoint object: covers everything below {@code end}. */
  record CheckpointEntry(PartitionId partition, int leaderEpoch, long end) {}

  /**
   * Names a checkpoint object of the issuer for partitions; without effect per partition where the
   * issuer does not lead at the epoch or it covers less than the present one, void if that is so
   * for all.
   */
  record CheckpointTaken(String key, long sizeBytes, int crc, List<CheckpointEntry> partitions)
      implements MetadataRecord {}

  /**
   * Every lower counter of the writer is listed, named by a stored boundary, or given up for ever
   * (invariant I8).
   */
  record UploadFloorMoved(WriterId writer, long floor) implements MetadataRecord {}

  /** Settles a command number without effect. */
  record NoOp() implements MetadataRecord {}

  /**
   * Levels of features (group.version and the like), 0 for off, all at once.
   *
   * @param before levels that the change was judged by and relies on
   */
  record FeaturesChanged(Map<String, Short> levels, Map<String, Short> before)
      implements MetadataRecord {}

  /**
   * A node that is gone for good: nobody is told of it until it registers again. Relies on: an
   * incarnation of it is known and none is registered.
   */
  record NodeUnregistered(int nodeId) implements MetadataRecord {}

  /** Sets (present) or removes (empty) quotas of an entity. */
  record QuotasChanged(QuotaEntity entity, Map<String, Optional<Double>> changes)
      implements MetadataRecord {}
}
