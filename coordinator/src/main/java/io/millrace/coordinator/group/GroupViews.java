package io.millrace.coordinator.group;

import io.millrace.coordinator.group.classic.ClassicGroup;
import io.millrace.coordinator.group.classic.ClassicGroups;
import io.millrace.coordinator.group.classic.ClassicMember;
import io.millrace.coordinator.group.classic.ClassicState;
import io.millrace.coordinator.group.classic.EmbeddedProtocol;
import io.millrace.coordinator.group.consumer.ConsumerGroup;
import io.millrace.coordinator.group.consumer.ConsumerGroups;
import io.millrace.coordinator.group.offset.Offsets;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.apache.kafka.common.message.ConsumerGroupDescribeResponseData;
import org.apache.kafka.common.message.DescribeGroupsResponseData.DescribedGroup;
import org.apache.kafka.common.message.DescribeGroupsResponseData.DescribedGroupMember;
import org.apache.kafka.common.message.ListGroupsResponseData.ListedGroup;
import org.apache.kafka.common.protocol.Errors;

/** What administrators are told of groups. Reads only. */
final class GroupViews {
  /** How a group that nobody knows is described to clients that know no error for it. */
  private static final String DEAD = "Dead";

  private final ClassicGroups classic;
  private final ConsumerGroups consumer;
  private final Offsets offsets;

  GroupViews(ClassicGroups classic, ConsumerGroups consumer, Offsets offsets) {
    this.classic = classic;
    this.consumer = consumer;
    this.offsets = offsets;
  }

  /** Groups known by members or by offsets. */
  List<ListedGroup> list() {
    Set<String> ids = new LinkedHashSet<>();
    classic.all().forEach(group -> ids.add(group.groupId()));
    consumer.all().forEach(group -> ids.add(group.groupId()));
    ids.addAll(offsets.groupIds());
    return ids.stream().map(this::listed).toList();
  }

  private ListedGroup listed(String groupId) {
    ConsumerGroup present = consumer.get(groupId);
    if (present != null) {
      return new ListedGroup()
          .setGroupId(groupId)
          .setGroupType("consumer")
          .setProtocolType(EmbeddedProtocol.TYPE)
          .setGroupState(present.state().text());
    }
    ClassicGroup group = classic.get(groupId);
    ListedGroup listed = new ListedGroup().setGroupId(groupId).setGroupType("classic");
    if (group == null) {
      return listed.setProtocolType("").setGroupState(ClassicState.EMPTY.text());
    }
    return listed
        .setProtocolType(group.protocolType() == null ? "" : group.protocolType())
        .setGroupState(group.state().text());
  }

  DescribedGroup describeClassic(String groupId) {
    ClassicGroup group = classic.get(groupId);
    DescribedGroup described = new DescribedGroup().setGroupId(groupId);
    if (consumer.get(groupId) != null) {
      return described
          .setGroupState(DEAD)
          .setErrorCode(Errors.GROUP_ID_NOT_FOUND.code())
          .setErrorMessage("Group " + groupId + " is not a classic group.");
    }
    if (group == null) {
      return offsets.has(groupId)
          ? described.setGroupState(ClassicState.EMPTY.text())
          : described
              .setGroupState(DEAD)
              .setErrorCode(Errors.GROUP_ID_NOT_FOUND.code())
              .setErrorMessage("Group " + groupId + " not found.");
    }
    boolean stable = group.is(ClassicState.STABLE);
    String protocol = group.protocolName();
    described
        .setGroupState(group.state().text())
        .setProtocolType(group.protocolType() == null ? "" : group.protocolType())
        .setProtocolData(stable && protocol != null ? protocol : "");
    for (ClassicMember member : group.members()) {
      described
          .members()
          .add(
              new DescribedGroupMember()
                  .setMemberId(member.memberId())
                  .setGroupInstanceId(member.groupInstanceId())
                  .setClientId(member.clientId())
                  .setClientHost(member.clientHost())
                  .setMemberMetadata(stable ? member.metadata(protocol) : ClassicMember.NO_BYTES)
                  .setMemberAssignment(member.assignment()));
    }
    return described;
  }

  ConsumerGroupDescribeResponseData.DescribedGroup describeConsumer(String groupId) {
    ConsumerGroup group = consumer.get(groupId);
    if (group != null) {
      return consumer.describe(group);
    }
    boolean other = classic.get(groupId) != null || offsets.has(groupId);
    return new ConsumerGroupDescribeResponseData.DescribedGroup()
        .setGroupId(groupId)
        .setErrorCode(Errors.GROUP_ID_NOT_FOUND.code())
        .setErrorMessage(
            other
                ? "Group " + groupId + " is not a consumer group."
                : "Group " + groupId + " not found.");
  }
}
