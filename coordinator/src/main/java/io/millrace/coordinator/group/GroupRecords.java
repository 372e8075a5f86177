package io.millrace.coordinator.group;

import io.millrace.coordinator.CoordinatorRecord;
import io.millrace.coordinator.RecordTypes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.coordinator.group.generated.CoordinatorRecordType;
import org.apache.kafka.coordinator.group.generated.GroupMetadataKey;
import org.apache.kafka.coordinator.group.generated.GroupMetadataValue;
import org.apache.kafka.coordinator.group.generated.OffsetCommitKey;
import org.apache.kafka.coordinator.group.generated.OffsetCommitValue;

/** Records of groups and offsets, to and from the state they describe. */
final class GroupRecords {
  /** Versions whose readers include every broker since 2.3; newer ones add tagged fields only. */
  private static final int GROUP_VERSION = 3;

  private static final int OFFSET_VERSION = 4;

  static final RecordTypes TYPES =
      id -> {
        CoordinatorRecordType type = CoordinatorRecordType.fromId(id);
        return new RecordTypes.RecordType(
            type::newRecordKey,
            type::newRecordValue,
            type.lowestSupportedVersion(),
            type.highestSupportedVersion());
      };

  private GroupRecords() {}

  static CoordinatorRecord metadata(ClassicGroup group, long nowMs) {
    List<GroupMetadataValue.MemberMetadata> members = new ArrayList<>();
    for (ClassicMember member : group.members()) {
      members.add(
          new GroupMetadataValue.MemberMetadata()
              .setMemberId(member.memberId())
              .setGroupInstanceId(member.groupInstanceId())
              .setClientId(member.clientId())
              .setClientHost(member.clientHost())
              .setRebalanceTimeout(member.rebalanceTimeoutMs())
              .setSessionTimeout(member.sessionTimeoutMs())
              .setSubscription(member.metadata(group.protocolName()))
              .setAssignment(member.assignment()));
    }
    return CoordinatorRecord.of(
        new GroupMetadataKey().setGroup(group.groupId()),
        GROUP_VERSION,
        new GroupMetadataValue()
            .setProtocolType(group.protocolType() == null ? "" : group.protocolType())
            .setGeneration(group.generation())
            .setProtocol(group.protocolName())
            .setLeader(group.leaderId())
            .setCurrentStateTimestamp(nowMs)
            .setMembers(members));
  }

  static CoordinatorRecord tombstone(String groupId) {
    return CoordinatorRecord.tombstone(new GroupMetadataKey().setGroup(groupId));
  }

  static List<ClassicMember> members(GroupMetadataValue value) {
    List<ClassicMember> members = new ArrayList<>();
    for (GroupMetadataValue.MemberMetadata each : value.members()) {
      String protocol = value.protocol();
      ClassicMember member =
          new ClassicMember(
              each.memberId(),
              each.groupInstanceId(),
              each.clientId(),
              each.clientHost(),
              each.rebalanceTimeout() < 0 ? each.sessionTimeout() : each.rebalanceTimeout(),
              each.sessionTimeout(),
              protocol == null ? Map.of() : Map.of(protocol, each.subscription()));
      member.assignment(each.assignment());
      members.add(member);
    }
    return members;
  }

  static CoordinatorRecord offset(
      String groupId, OffsetTable.Slot slot, OffsetTable.Committed committed) {
    return CoordinatorRecord.of(
        key(groupId, slot),
        OFFSET_VERSION,
        new OffsetCommitValue()
            .setOffset(committed.offset())
            .setLeaderEpoch(committed.leaderEpoch())
            .setMetadata(committed.metadata())
            .setCommitTimestamp(committed.commitTimestampMs())
            .setTopicId(committed.topicId()));
  }

  static CoordinatorRecord offsetTombstone(String groupId, OffsetTable.Slot slot) {
    return CoordinatorRecord.tombstone(key(groupId, slot));
  }

  private static OffsetCommitKey key(String groupId, OffsetTable.Slot slot) {
    return new OffsetCommitKey()
        .setGroup(groupId)
        .setTopic(slot.topic())
        .setPartition(slot.partition());
  }
}
