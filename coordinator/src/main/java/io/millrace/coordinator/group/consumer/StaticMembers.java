package io.millrace.coordinator.group.consumer;

import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/** Whether a member is who it says it is, by its instance id. */
final class StaticMembers {
  private StaticMembers() {}

  /**
   * Null if the instance is that member.
   *
   * @param known who has the instance id
   */
  static @Nullable Refusal check(
      @Nullable ConsumerMember known, String memberId, String instanceId) {
    if (known == null) {
      return new Refusal(
          Errors.UNKNOWN_MEMBER_ID, "Instance id %s is unknown.".formatted(instanceId));
    }
    if (!known.id().equals(memberId)) {
      return new Refusal(
          Errors.FENCED_INSTANCE_ID,
          "Static member %s with instance id %s was fenced by member %s."
              .formatted(memberId, instanceId, known.id()));
    }
    return null;
  }
}
