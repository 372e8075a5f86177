package io.millrace.coordinator.group.consumer;

import io.millrace.storage.metadata.MetadataImage;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;

/**
 * One group of the consumer protocol: its members, what each should have (the target) and has.
 * Changed by replayed records only, through {@link ConsumerGroupTable}; equal groups have equal
 * records. The epoch grows when an assignment is due, the target's epoch follows, members follow
 * that one by one.
 */
public final class ConsumerGroup {
  /** Of a group without members, so that the first of them has an epoch before it is assigned. */
  private static final int FIRST_EPOCH = 1;

  private final String groupId;
  private final Map<String, ConsumerMember> members = new TreeMap<>();
  private final Map<String, String> staticMembers = new HashMap<>();
  private final Map<String, Map<Uuid, Set<Integer>>> targets = new TreeMap<>();
  private final Map<String, ResolvedRegex> regexes = new TreeMap<>();
  private final PartitionOwners owners = new PartitionOwners();
  private int epoch = FIRST_EPOCH;
  private boolean hasEpochRecord;
  private long metadataHash;
  private int assignmentEpoch = FIRST_EPOCH;
  private long assignmentTimestampMs;

  /** The image whose topics were last compared with the hash; not part of the state. */
  private @Nullable MetadataImage checked;

  ConsumerGroup(String groupId) {
    this.groupId = groupId;
  }

  public String groupId() {
    return groupId;
  }

  public int epoch() {
    return epoch;
  }

  /** Its epoch is in the log. */
  boolean hasEpochRecord() {
    return hasEpochRecord;
  }

  long metadataHash() {
    return metadataHash;
  }

  int assignmentEpoch() {
    return assignmentEpoch;
  }

  long assignmentTimestampMs() {
    return assignmentTimestampMs;
  }

  public Collection<ConsumerMember> members() {
    return members.values();
  }

  public int size() {
    return members.size();
  }

  public boolean isEmpty() {
    return members.isEmpty();
  }

  public @Nullable ConsumerMember member(String memberId) {
    return members.get(memberId);
  }

  /** One that is known to be in. */
  ConsumerMember require(String memberId) {
    ConsumerMember found = members.get(memberId);
    if (found == null) {
      throw new IllegalStateException(memberId + " is no member of " + groupId);
    }
    return found;
  }

  @Nullable ConsumerMember staticMember(String instanceId) {
    String memberId = staticMembers.get(instanceId);
    return memberId == null ? null : members.get(memberId);
  }

  Map<Uuid, Set<Integer>> target(String memberId) {
    return targets.getOrDefault(memberId, Map.of());
  }

  boolean hasTarget(String memberId) {
    return targets.containsKey(memberId);
  }

  /** Who may be using a partition. */
  @Nullable String owner(Uuid topic, int partition) {
    return owners.of(topic, partition);
  }

  Map<String, ResolvedRegex> regexes() {
    return regexes;
  }

  int subscribersOf(String regex) {
    return (int)
        members.values().stream().filter(each -> each.metadata().regex().equals(regex)).count();
  }

  /** By name and by pattern. */
  Set<String> topicsOf(MemberMetadata metadata) {
    ResolvedRegex resolved = regexes.get(metadata.regex());
    if (resolved == null || resolved.topics().isEmpty()) {
      return metadata.topics();
    }
    Set<String> topics = new TreeSet<>(metadata.topics());
    topics.addAll(resolved.topics());
    return topics;
  }

  /** Of all members. */
  public Set<String> subscribedTopics() {
    Set<String> topics = new TreeSet<>();
    members.values().forEach(member -> topics.addAll(topicsOf(member.metadata())));
    return topics;
  }

  public ConsumerGroupState state() {
    if (members.isEmpty()) {
      return ConsumerGroupState.EMPTY;
    }
    if (epoch > assignmentEpoch) {
      return ConsumerGroupState.ASSIGNING;
    }
    boolean reconciled =
        members.values().stream()
            .allMatch(member -> member.current().isReconciledTo(assignmentEpoch));
    return reconciled ? ConsumerGroupState.STABLE : ConsumerGroupState.RECONCILING;
  }

  @Nullable MetadataImage checked() {
    return checked;
  }

  void checked(MetadataImage image) {
    checked = image;
  }

  // what records say

  void epoch(int newEpoch, long hash) {
    epoch = newEpoch;
    hasEpochRecord = true;
    metadataHash = hash;
  }

  void assignmentEpoch(int newEpoch, long timestampMs) {
    assignmentEpoch = newEpoch;
    assignmentTimestampMs = timestampMs;
  }

  void withoutAssignment() {
    assignmentEpoch(FIRST_EPOCH, 0);
  }

  void put(String memberId, MemberMetadata metadata) {
    ConsumerMember former = members.get(memberId);
    if (former != null) {
      former.metadata().instanceId().ifPresent(id -> staticMembers.remove(id, memberId));
    }
    metadata.instanceId().ifPresent(id -> staticMembers.put(id, memberId));
    CurrentAssignment current = former == null ? CurrentAssignment.NOTHING : former.current();
    members.put(memberId, new ConsumerMember(memberId, metadata, current));
  }

  void put(String memberId, CurrentAssignment current) {
    ConsumerMember former = members.get(memberId);
    MemberMetadata metadata = former == null ? MemberMetadata.UNKNOWN : former.metadata();
    if (former != null) {
      owners.remove(memberId, former.current());
    }
    owners.add(memberId, current);
    members.put(memberId, new ConsumerMember(memberId, metadata, current));
  }

  /** The record of what it has is gone; the member goes with that of what it says. */
  void removeCurrent(String memberId) {
    if (members.containsKey(memberId)) {
      put(memberId, CurrentAssignment.NOTHING);
    }
  }

  void remove(String memberId) {
    ConsumerMember former = members.remove(memberId);
    if (former != null) {
      owners.remove(memberId, former.current());
      former.metadata().instanceId().ifPresent(id -> staticMembers.remove(id, memberId));
    }
  }

  void target(String memberId, Optional<Map<Uuid, Set<Integer>>> partitions) {
    if (partitions.isPresent()) {
      targets.put(memberId, partitions.get());
    } else {
      targets.remove(memberId);
    }
  }

  void regex(String pattern, Optional<ResolvedRegex> resolved) {
    if (resolved.isPresent()) {
      regexes.put(pattern, resolved.get());
    } else {
      regexes.remove(pattern);
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ConsumerGroup that
        && groupId.equals(that.groupId)
        && epoch == that.epoch
        && hasEpochRecord == that.hasEpochRecord
        && metadataHash == that.metadataHash
        && assignmentEpoch == that.assignmentEpoch
        && assignmentTimestampMs == that.assignmentTimestampMs
        && members.equals(that.members)
        && targets.equals(that.targets)
        && regexes.equals(that.regexes);
  }

  @Override
  public int hashCode() {
    return groupId.hashCode();
  }

  @Override
  public String toString() {
    return "%s at %d, target at %d %s, members %s"
        .formatted(groupId, epoch, assignmentEpoch, targets, members.values());
  }
}
