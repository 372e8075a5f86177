package io.millrace.storage.metadata;

import io.millrace.storage.PartitionId;
import io.millrace.storage.WriterId;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;
import org.pcollections.HashTreePMap;
import org.pcollections.PMap;
import org.pcollections.TreePMap;

/**
 * The cluster's metadata at one entry; immutable, each entry yields the next. Request threads read it without locks. Its size is
 * O(partitions + objects + incarnations).
 */
public record MetadataImage(
    long entryNumber,
    long entryHash,
    Optional<Uuid> clusterId,
    PMap<WriterId, Incarnation> incarnations,
    PMap<Integer, WriterId> brokers,
    PMap<Uuid, Topic> topics,
    PMap<String, Uuid> topicIds,
    TreePMap<String, ObjectInfo> objects,
    PMap<ConfigResource, PMap<String, String>> configs,
    PMap<String, Short> features,
    long nextProducerId,
    long nextBrokerEpoch) {

  /** Before the first entry. */
  public static final MetadataImage EMPTY =
      new MetadataImage(
          0, 0, Optional.empty(), HashTreePMap.empty(), HashTreePMap.empty(), HashTreePMap.empty(), HashTreePMap.empty(),
          TreePMap.empty(), HashTreePMap.empty(), HashTreePMap.empty(), 0, 1);

  /** Life of an incarnation. */
  public enum IncarnationState {
    REGISTERED,
    FENCED,
    RECOVERED
  }

  /**
   * One registered life of a broker.
   *
   * @param trim every WAL sequence number up to it is published
   * @param endSequence last adopted sequence, -1 until recovered
   * @param lastCommand number of the last command applied
   * @param recentCommandHashes hashes of the last commands, newest last
   * @param uploadFloor see {@link MetadataRecord.UploadFloorMoved}
   */
  public record Incarnation(
      WriterId writer,
      int nodeId,
      long brokerEpoch,
      IncarnationState state,
      List<MetadataRecord.Endpoint> endpoints,
      Optional<String> rack,
      String version,
      long trim,
      long endSequence,
      long lastCommand,
      List<Long> recentCommandHashes,
      long uploadFloor) {}

  /** A topic; partition p is {@code partitions.get(p)}. */
  public record Topic(Uuid id, String name, List<Partition> partitions) {}

  /** Newest checkpoint of a partition. */
  public record Checkpoint(String key, long sizeBytes, int crc, long end) {}

  /**
   * A partition.
   *
   * @param leader the leading incarnation, empty while the last one is fenced and not recovered
   * @param lastLeader the incarnation that leads or led last
   * @param leaderEpoch grows with each leader
   * @param partitionEpoch grows with each change
   * @param logStart first readable offset
   * @param replicas node ids, in order of preference
   * @param targetLeader node id that should lead, if another
   */
  public record Partition(
      Optional<WriterId> leader,
      Optional<WriterId> lastLeader,
      int leaderEpoch,
      int partitionEpoch,
      long logStart,
      List<Integer> replicas,
      Optional<Integer> targetLeader,
      Optional<Checkpoint> checkpoint) {}

  /** Whose configs. */
  public record ConfigResource(MetadataRecord.ConfigScope scope, String name) {}

  public @Nullable Topic topic(Uuid id) {
    return topics.get(id);
  }

  public @Nullable Topic topic(String name) {
    Uuid id = topicIds.get(name);
    return id == null ? null : topics.get(id);
  }

  public @Nullable Partition partition(PartitionId id) {
    Topic topic = topics.get(id.topicId());
    return topic == null || id.partition() < 0 || id.partition() >= topic.partitions().size()
        ? null
        : topic.partitions().get(id.partition());
  }

  /** Stored values only; defaults and precedence are the broker's. */
  public PMap<String, String> configs(MetadataRecord.ConfigScope scope, String name) {
    PMap<String, String> found = configs.get(new ConfigResource(scope, name));
    return found == null ? HashTreePMap.empty() : found;
  }

  /** The registered incarnation of a node id. */
  public @Nullable Incarnation broker(int nodeId) {
    WriterId writer = brokers.get(nodeId);
    return writer == null ? null : incarnations.get(writer);
  }
}
