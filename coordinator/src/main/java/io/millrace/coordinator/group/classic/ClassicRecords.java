package io.millrace.coordinator.group.classic;

import io.millrace.coordinator.CoordinatorRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.coordinator.group.generated.GroupMetadataKey;
import org.apache.kafka.coordinator.group.generated.GroupMetadataValue;

/** The record of a classic group, to and from the state it describes. */
final class ClassicRecords {
  /** Its readers include every broker since 2.3; newer versions add tagged fields only. */
  private static final int GROUP_VERSION = 3;

  private ClassicRecords() {}

  public static CoordinatorRecord metadata(ClassicGroup group, long nowMs) {
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
}
