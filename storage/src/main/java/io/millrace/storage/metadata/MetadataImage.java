package io.millrace.storage.metadata;

import io.millrace.storage.PartitionId;
import io.millrace.storage.WriterId;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;
import org.pcollections.PSortedMap;
import org.pcollections.PSortedSet;
import org.pcollections.PVector;
import org.pcollections.TreePMap;
import org.pcollections.TreePSet;
import org.pcollections.TreePVector;

/**
 * The cluster's metadata at one entry; immutable, each entry yields the next ({@link ImageDraft}
 * decides how). Request threads read it without locks. Its size is O(partitions + objects +
 * incarnations). Collections are persistent, so a change costs O(log n), and sorted, so every
 * broker iterates them in the same order.
 *
 * @param ended end of the log of each incarnation of which nothing else matters any more: it is
 *     recovered, its node id registered again, none of its objects listed; still void is what it
 *     commands, and garbage what is put late under its name
 */
public record MetadataImage(
    long entryNumber,
    long entryHash,
    Optional<Uuid> clusterId,
    int formatVersion,
    PSortedMap<WriterId, Incarnation> incarnations,
    PSortedMap<WriterId, Long> ended,
    PSortedMap<Integer, WriterId> brokers,
    PSortedMap<Uuid, Topic> topics,
    PSortedMap<String, Uuid> topicIds,
    PSortedMap<String, ObjectInfo> objects,
    PSortedMap<ConfigResource, PSortedMap<String, String>> configs,
    PSortedMap<String, Short> features,
    PSortedMap<QuotaEntity, PSortedMap<String, Double>> quotas,
    PSortedSet<Integer> unregistered,
    long nextProducerId,
    long nextBrokerEpoch) {

  private static final PSortedMap<String, String> NO_CONFIGS = TreePMap.empty();

  /** Before the first entry. */
  public static final MetadataImage EMPTY =
      new MetadataImage(
          0,
          0,
          Optional.empty(),
          0,
          TreePMap.empty(),
          TreePMap.empty(),
          TreePMap.empty(),
          TreePMap.empty(),
          TreePMap.empty(),
          TreePMap.empty(),
          TreePMap.empty(),
          TreePMap.empty(),
          TreePMap.empty(),
          TreePSet.empty(),
          0,
          1);

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
   * @param publishedCounter highest counter among the WAL files (entries) it ever published; a
   *     lower one is never listed again
   * @param lastCommand number of the last command applied
   * @param recentCommandHashes hashes of the last commands, newest last; as many as may be
   *     unsettled; empty once recovered
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
      long publishedCounter,
      long lastCommand,
      List<Long> recentCommandHashes,
      long uploadFloor) {}

  /** A topic; partition p is {@code partitions.get(p)}. */
  public record Topic(Uuid id, String name, PVector<Partition> partitions) {
    /** Same topic with one partition exchanged. */
    Topic with(int partition, Partition changed) {
      return new Topic(id, name, partitions.with(partition, changed));
    }

    /** Same topic with partitions added at the end. */
    Topic plus(List<Partition> added) {
      return new Topic(id, name, TreePVector.from(partitions).plusAll(added));
    }
  }

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
   * @param replicasBefore to go back to while the leader is to leave the replicas and has not yet;
   *     else empty
   */
  public record Partition(
      Optional<WriterId> leader,
      Optional<WriterId> lastLeader,
      int leaderEpoch,
      int partitionEpoch,
      long logStart,
      List<Integer> replicas,
      Optional<Integer> targetLeader,
      List<Integer> replicasBefore,
      Optional<Checkpoint> checkpoint) {}

  /** Whose configs. */
  public record ConfigResource(MetadataRecord.ConfigScope scope, String name)
      implements Comparable<ConfigResource> {
    @Override
    public int compareTo(ConfigResource o) {
      int c = scope.compareTo(o.scope);
      return c != 0 ? c : name.compareTo(o.name);
    }
  }

  /**
   * Cheap, to be asked for every entry: an entry that leaves the topics alone leaves the very map.
   */
  @SuppressWarnings("ReferenceEquality") // on purpose: comparing contents would cost O(topics)
  public boolean sameTopics(MetadataImage other) {
    return topics == other.topics;
  }

  /** Likewise for the names of topics only: which there are, and for which topic each stands. */
  @SuppressWarnings("ReferenceEquality") // on purpose: comparing contents would cost O(topics)
  public boolean sameTopicNames(MetadataImage other) {
    return topicIds == other.topicIds;
  }

  /** Likewise for the listed objects. */
  @SuppressWarnings("ReferenceEquality") // on purpose: comparing contents would cost O(objects)
  public boolean sameObjects(MetadataImage other) {
    return objects == other.objects;
  }

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

  /**
   * Stored values only; defaults and precedence are the broker's. The very same map until they
   * change.
   */
  public PSortedMap<String, String> configs(MetadataRecord.ConfigScope scope, String name) {
    PSortedMap<String, String> found = configs.get(new ConfigResource(scope, name));
    return found == null ? NO_CONFIGS : found;
  }

  /** The level in force; 0 if the feature is off. */
  public short level(Feature feature) {
    return features.getOrDefault(feature.text(), (short) 0);
  }

  /** Whether the number of a command is used up, by it or by another. */
  boolean hasNumber(Command command) {
    Incarnation issuer = incarnations.get(command.issuer());
    return issuer != null && issuer.lastCommand() >= command.number();
  }

  /**
   * Whether this very command was applied; false too if that is longer ago than hashes are kept.
   */
  boolean hasApplied(Command command) {
    Incarnation issuer = incarnations.get(command.issuer());
    if (issuer == null || issuer.lastCommand() < command.number()) {
      return false;
    }
    List<Long> hashes = issuer.recentCommandHashes();
    long position = hashes.size() - 1 - (issuer.lastCommand() - command.number());
    return position >= 0 && hashes.get((int) position) == command.hash();
  }

  /** True if the incarnation stands in the image and is not fenced. */
  public boolean isRegistered(WriterId writer) {
    Incarnation found = incarnations.get(writer);
    return found != null && found.state() == IncarnationState.REGISTERED;
  }

  /** Whether it was ever registered. */
  public boolean knows(WriterId writer) {
    return incarnations.containsKey(writer) || ended.containsKey(writer);
  }

  /** Fenced, or recovered since. */
  public boolean hasEnded(WriterId writer) {
    return knows(writer) && !isRegistered(writer);
  }

  /** Last sequence number in the log of a recovered incarnation. */
  public OptionalLong recoveredEnd(WriterId writer) {
    Incarnation found = incarnations.get(writer);
    if (found != null) {
      return found.state() == IncarnationState.RECOVERED
          ? OptionalLong.of(found.endSequence())
          : OptionalLong.empty();
    }
    Long end = ended.get(writer);
    return end == null ? OptionalLong.empty() : OptionalLong.of(end);
  }

  /**
   * True for the live broker with the lowest id, which by convention does what one broker should do
   * for all (commit, sweep, merge what the dead left). No safety rests on it.
   */
  public boolean isLowestLive(WriterId writer) {
    return !brokers.isEmpty() && brokers.firstEntry().getValue().equals(writer);
  }

  /**
   * The registered incarnation of a node id; null if the node id is unknown or its incarnation
   * fenced.
   */
  public @Nullable Incarnation broker(int nodeId) {
    WriterId writer = brokers.get(nodeId);
    return writer == null ? null : incarnations.get(writer);
  }
}
