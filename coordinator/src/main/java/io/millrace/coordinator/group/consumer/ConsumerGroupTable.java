package io.millrace.coordinator.group.consumer;

import io.millrace.coordinator.CoordinatorRecord;
import io.millrace.coordinator.Outbox;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.protocol.ApiMessage;
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
import org.jspecify.annotations.Nullable;

/**
 * The consumer groups of one partition of __consumer_offsets, and the only place that changes them:
 * a record that is written is replayed at once, so what a handler sees is what its records say.
 */
final class ConsumerGroupTable {
  private final Map<String, ConsumerGroup> groups = new LinkedHashMap<>();

  @Nullable ConsumerGroup get(String groupId) {
    return groups.get(groupId);
  }

  /** One that has records. */
  ConsumerGroup require(String groupId) {
    ConsumerGroup found = groups.get(groupId);
    if (found == null) {
      throw new IllegalStateException("there is no consumer group " + groupId);
    }
    return found;
  }

  Collection<ConsumerGroup> all() {
    return List.copyOf(groups.values());
  }

  void write(CoordinatorRecord record, Outbox out) {
    out.write(record);
    replay(record);
  }

  void write(List<CoordinatorRecord> records, Outbox out) {
    records.forEach(record -> write(record, out));
  }

  /** Applies a record if it is one of a consumer group. */
  void replay(CoordinatorRecord record) {
    ApiMessage value = record.value();
    switch (record.key()) {
      case ConsumerGroupMetadataKey key -> {
        if (value == null) {
          groups.remove(key.groupId());
        } else {
          ConsumerGroupMetadataValue read = (ConsumerGroupMetadataValue) value;
          group(key.groupId()).epoch(read.epoch(), read.metadataHash());
        }
      }
      case ConsumerGroupMemberMetadataKey key -> {
        if (value == null) {
          present(key.groupId()).ifPresent(group -> group.remove(key.memberId()));
        } else {
          group(key.groupId())
              .put(
                  key.memberId(),
                  ConsumerRecords.metadata((ConsumerGroupMemberMetadataValue) value));
        }
      }
      case ConsumerGroupCurrentMemberAssignmentKey key -> {
        if (value == null) {
          present(key.groupId()).ifPresent(group -> group.removeCurrent(key.memberId()));
        } else {
          group(key.groupId())
              .put(
                  key.memberId(),
                  ConsumerRecords.current((ConsumerGroupCurrentMemberAssignmentValue) value));
        }
      }
      case ConsumerGroupTargetAssignmentMemberKey key ->
          change(key.groupId(), value)
              .ifPresent(group ->
                  group.target(
                      key.memberId(),
                      Optional.ofNullable((ConsumerGroupTargetAssignmentMemberValue) value)
                          .map(ConsumerRecords::target)));
      case ConsumerGroupTargetAssignmentMetadataKey key -> {
        if (value != null) {
          ConsumerGroupTargetAssignmentMetadataValue read =
              (ConsumerGroupTargetAssignmentMetadataValue) value;
          group(key.groupId()).assignmentEpoch(read.assignmentEpoch(), read.assignmentTimestamp());
        } else {
          present(key.groupId()).ifPresent(ConsumerGroup::withoutAssignment);
        }
      }
      case ConsumerGroupRegularExpressionKey key ->
          change(key.groupId(), value)
              .ifPresent(group ->
                  group.regex(
                      key.regularExpression(),
                      Optional.ofNullable((ConsumerGroupRegularExpressionValue) value)
                          .map(ConsumerRecords::regex)));
      default -> {}
    }
  }

  /** A tombstone makes no group. */
  private Optional<ConsumerGroup> change(String groupId, @Nullable ApiMessage value) {
    return value == null ? present(groupId) : Optional.of(group(groupId));
  }

  private Optional<ConsumerGroup> present(String groupId) {
    return Optional.ofNullable(groups.get(groupId));
  }

  private ConsumerGroup group(String groupId) {
    return groups.computeIfAbsent(groupId, ConsumerGroup::new);
  }
}
