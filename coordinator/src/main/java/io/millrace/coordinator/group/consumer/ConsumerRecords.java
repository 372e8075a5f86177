package io.millrace.coordinator.group.consumer;

import io.millrace.coordinator.CoordinatorRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.coordinator.group.generated.ConsumerGroupCurrentMemberAssignmentKey;
import org.apache.kafka.coordinator.group.generated.ConsumerGroupCurrentMemberAssignmentValue;
import org.apache.kafka.coordinator.group.generated.ConsumerGroupMemberMetadataKey;
import org.apache.kafka.coordinator.group.generated.ConsumerGroupMemberMetadataValue;
import org.apache.kafka.coordinator.group.generated.ConsumerGroupMetadataKey;
import org.apache.kafka.coordinator.group.generated.ConsumerGroupMetadataValue;
import org.apache.kafka.coordinator.group.generated.ConsumerGroupRegularExpressionKey;
import org.apache.kafka.coordinator.group.generated.ConsumerGroupRegularExpressionValue;
import org.apache.kafka.coordinator.group.generated.ConsumerGroupTargetAssignmentMemberKey;
import org.apache.kafka.coordinator.group.generated.ConsumerGroupTargetAssignmentMemberValue;
import org.apache.kafka.coordinator.group.generated.ConsumerGroupTargetAssignmentMetadataKey;
import org.apache.kafka.coordinator.group.generated.ConsumerGroupTargetAssignmentMetadataValue;

/** Records of consumer groups in Kafka's formats, to and from the state they describe. */
final class ConsumerRecords {
  private ConsumerRecords() {}

  static CoordinatorRecord epoch(String groupId, int epoch, long metadataHash) {
    return CoordinatorRecord.of(
        new ConsumerGroupMetadataKey().setGroupId(groupId),
        0,
        new ConsumerGroupMetadataValue().setEpoch(epoch).setMetadataHash(metadataHash));
  }

  static CoordinatorRecord metadata(String groupId, String memberId, MemberMetadata metadata) {
    ConsumerGroupMemberMetadataValue value =
        new ConsumerGroupMemberMetadataValue()
            .setInstanceId(metadata.instanceId().orElse(null))
            .setRackId(metadata.rackId().orElse(null))
            .setClientId(metadata.clientId())
            .setClientHost(metadata.clientHost())
            .setSubscribedTopicNames(List.copyOf(metadata.topics()))
            .setSubscribedTopicRegex(metadata.regex())
            .setRebalanceTimeoutMs(metadata.rebalanceTimeoutMs())
            .setServerAssignor(metadata.assignor().orElse(null))
            .setClassicMemberMetadata(
                metadata.classic().map(ConsumerRecords::classic).orElse(null));
    return CoordinatorRecord.of(metadataKey(groupId, memberId), 0, value);
  }

  private static ConsumerGroupMemberMetadataValue.ClassicMemberMetadata classic(
      MemberMetadata.Classic classic) {
    return new ConsumerGroupMemberMetadataValue.ClassicMemberMetadata()
        .setSessionTimeoutMs(classic.sessionTimeoutMs())
        .setSupportedProtocols(
            classic.protocols().stream()
                .map(each ->
                    new ConsumerGroupMemberMetadataValue.ClassicProtocol()
                        .setName(each.name())
                        .setMetadata(each.metadata()))
                .toList());
  }

  static MemberMetadata metadata(ConsumerGroupMemberMetadataValue value) {
    ConsumerGroupMemberMetadataValue.ClassicMemberMetadata classic = value.classicMemberMetadata();
    return new MemberMetadata(
        Optional.ofNullable(value.instanceId()),
        Optional.ofNullable(value.rackId()),
        value.clientId(),
        value.clientHost(),
        value.rebalanceTimeoutMs(),
        new TreeSet<>(value.subscribedTopicNames()),
        value.subscribedTopicRegex() == null ? "" : value.subscribedTopicRegex(),
        Optional.ofNullable(value.serverAssignor()),
        Optional.ofNullable(classic)
            .map(each ->
                new MemberMetadata.Classic(
                    each.sessionTimeoutMs(),
                    each.supportedProtocols().stream()
                        .map(p -> new ClassicProtocol(p.name(), p.metadata()))
                        .toList())));
  }

  static CoordinatorRecord current(String groupId, String memberId, CurrentAssignment current) {
    return CoordinatorRecord.of(
        currentKey(groupId, memberId),
        0,
        new ConsumerGroupCurrentMemberAssignmentValue()
            .setMemberEpoch(current.epoch())
            .setPreviousMemberEpoch(current.previousEpoch())
            .setState(current.state().id())
            .setAssignedPartitions(withEpochs(current.assigned()))
            .setPartitionsPendingRevocation(withEpochs(current.pendingRevocation())));
  }

  private static List<ConsumerGroupCurrentMemberAssignmentValue.TopicPartitions> withEpochs(
      Map<Uuid, Map<Integer, Integer>> partitions) {
    List<ConsumerGroupCurrentMemberAssignmentValue.TopicPartitions> topics = new ArrayList<>();
    partitions.forEach((topic, numbers) ->
        topics.add(
            new ConsumerGroupCurrentMemberAssignmentValue.TopicPartitions()
                .setTopicId(topic)
                .setPartitions(List.copyOf(numbers.keySet()))
                .setAssignmentEpochs(List.copyOf(numbers.values()))));
    return topics;
  }

  static CurrentAssignment current(ConsumerGroupCurrentMemberAssignmentValue value) {
    return new CurrentAssignment(
        value.memberEpoch(),
        value.previousMemberEpoch(),
        MemberState.of(value.state()),
        withEpochs(value.assignedPartitions(), value.memberEpoch()),
        withEpochs(value.partitionsPendingRevocation(), value.memberEpoch()));
  }

  /**
   * @param epoch for partitions of records older than epochs of partitions
   */
  private static Map<Uuid, Map<Integer, Integer>> withEpochs(
      List<ConsumerGroupCurrentMemberAssignmentValue.TopicPartitions> topics, int epoch) {
    Map<Uuid, Map<Integer, Integer>> partitions = new TreeMap<>();
    for (ConsumerGroupCurrentMemberAssignmentValue.TopicPartitions topic : topics) {
      List<Integer> epochs = topic.assignmentEpochs();
      Map<Integer, Integer> numbers = new TreeMap<>();
      for (int i = 0; i < topic.partitions().size(); i++) {
        boolean known = epochs != null && i < epochs.size();
        numbers.put(topic.partitions().get(i), known ? epochs.get(i) : epoch);
      }
      partitions.put(topic.topicId(), numbers);
    }
    return partitions;
  }

  static CoordinatorRecord target(
      String groupId, String memberId, Map<Uuid, Set<Integer>> partitions) {
    ConsumerGroupTargetAssignmentMemberValue value = new ConsumerGroupTargetAssignmentMemberValue();
    partitions.forEach((topic, numbers) ->
        value
            .topicPartitions()
            .add(
                new ConsumerGroupTargetAssignmentMemberValue.TopicPartition()
                    .setTopicId(topic)
                    .setPartitions(numbers.stream().sorted().toList())));
    return CoordinatorRecord.of(targetKey(groupId, memberId), 0, value);
  }

  static Map<Uuid, Set<Integer>> target(ConsumerGroupTargetAssignmentMemberValue value) {
    Map<Uuid, Set<Integer>> partitions = new TreeMap<>();
    value
        .topicPartitions()
        .forEach(each -> partitions.put(each.topicId(), new TreeSet<>(each.partitions())));
    return partitions;
  }

  static CoordinatorRecord targetEpoch(String groupId, int epoch, long timestampMs) {
    return CoordinatorRecord.of(
        new ConsumerGroupTargetAssignmentMetadataKey().setGroupId(groupId),
        0,
        new ConsumerGroupTargetAssignmentMetadataValue()
            .setAssignmentEpoch(epoch)
            .setAssignmentTimestamp(timestampMs));
  }

  static CoordinatorRecord regex(String groupId, String regex, ResolvedRegex resolved) {
    return CoordinatorRecord.of(
        regexKey(groupId, regex),
        0,
        new ConsumerGroupRegularExpressionValue()
            .setTopics(List.copyOf(resolved.topics()))
            .setVersion(resolved.version())
            .setTimestamp(resolved.timestampMs()));
  }

  static ResolvedRegex regex(ConsumerGroupRegularExpressionValue value) {
    return new ResolvedRegex(new TreeSet<>(value.topics()), value.version(), value.timestamp());
  }

  static CoordinatorRecord withoutRegex(String groupId, String regex) {
    return CoordinatorRecord.tombstone(regexKey(groupId, regex));
  }

  /** What a member has is freed before the member goes. */
  static List<CoordinatorRecord> withoutMember(String groupId, String memberId) {
    return List.of(
        CoordinatorRecord.tombstone(currentKey(groupId, memberId)),
        CoordinatorRecord.tombstone(targetKey(groupId, memberId)),
        CoordinatorRecord.tombstone(metadataKey(groupId, memberId)));
  }

  /** Everything of the group. */
  static List<CoordinatorRecord> withoutGroup(ConsumerGroup group) {
    String id = group.groupId();
    List<CoordinatorRecord> records = new ArrayList<>();
    group.members().forEach(member -> records.addAll(withoutMember(id, member.id())));
    records.add(
        CoordinatorRecord.tombstone(new ConsumerGroupTargetAssignmentMetadataKey().setGroupId(id)));
    group.regexes().keySet().forEach(regex -> records.add(withoutRegex(id, regex)));
    records.add(CoordinatorRecord.tombstone(new ConsumerGroupMetadataKey().setGroupId(id)));
    return records;
  }

  private static ConsumerGroupMemberMetadataKey metadataKey(String groupId, String memberId) {
    return new ConsumerGroupMemberMetadataKey().setGroupId(groupId).setMemberId(memberId);
  }

  private static ConsumerGroupCurrentMemberAssignmentKey currentKey(
      String groupId, String memberId) {
    return new ConsumerGroupCurrentMemberAssignmentKey().setGroupId(groupId).setMemberId(memberId);
  }

  private static ConsumerGroupTargetAssignmentMemberKey targetKey(String groupId, String memberId) {
    return new ConsumerGroupTargetAssignmentMemberKey().setGroupId(groupId).setMemberId(memberId);
  }

  private static ConsumerGroupRegularExpressionKey regexKey(String groupId, String regex) {
    return new ConsumerGroupRegularExpressionKey().setGroupId(groupId).setRegularExpression(regex);
  }
}
