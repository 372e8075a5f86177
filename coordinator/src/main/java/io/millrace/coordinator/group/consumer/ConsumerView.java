package io.millrace.coordinator.group.consumer;

import io.millrace.storage.metadata.MetadataImage;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ConsumerGroupDescribeResponseData.Assignment;
import org.apache.kafka.common.message.ConsumerGroupDescribeResponseData.DescribedGroup;
import org.apache.kafka.common.message.ConsumerGroupDescribeResponseData.Member;
import org.apache.kafka.common.message.ConsumerGroupDescribeResponseData.TopicPartitions;

/** A consumer group as ConsumerGroupDescribe shows it. */
final class ConsumerView {
  private static final byte CLASSIC = 0;
  private static final byte CONSUMER = 1;

  private ConsumerView() {}

  static DescribedGroup describe(ConsumerGroup group, String assignor, MetadataImage image) {
    DescribedGroup described =
        new DescribedGroup()
            .setGroupId(group.groupId())
            .setAssignorName(assignor)
            .setGroupEpoch(group.epoch())
            .setGroupState(group.state().text())
            .setAssignmentEpoch(group.assignmentEpoch());
    for (ConsumerMember member : group.members()) {
      MemberMetadata metadata = member.metadata();
      described
          .members()
          .add(
              new Member()
                  .setMemberId(member.id())
                  .setInstanceId(metadata.instanceId().orElse(null))
                  .setRackId(metadata.rackId().orElse(null))
                  .setMemberEpoch(member.epoch())
                  .setClientId(metadata.clientId())
                  .setClientHost(metadata.clientHost())
                  .setSubscribedTopicNames(metadata.topics().stream().sorted().toList())
                  .setSubscribedTopicRegex(metadata.regex())
                  .setAssignment(assignment(member.current().partitions(), image))
                  .setTargetAssignment(assignment(group.target(member.id()), image))
                  .setMemberType(member.isClassic() ? CLASSIC : CONSUMER));
    }
    return described;
  }

  /** Topics that are gone have no name to show. */
  private static Assignment assignment(Map<Uuid, Set<Integer>> partitions, MetadataImage image) {
    Assignment assignment = new Assignment();
    partitions.forEach((id, numbers) -> {
      MetadataImage.Topic topic = image.topic(id);
      if (topic != null) {
        assignment
            .topicPartitions()
            .add(
                new TopicPartitions()
                    .setTopicId(id)
                    .setTopicName(topic.name())
                    .setPartitions(numbers.stream().sorted().toList()));
      }
    });
    return assignment;
  }
}
