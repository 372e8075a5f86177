package io.millrace.coordinator.group.consumer;

import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.utils.Utils;
import org.jspecify.annotations.Nullable;

/** What is wrong with a heartbeat whatever the group's state. */
final class HeartbeatChecks {
  static final int JOIN_EPOCH = 0;
  static final int LEAVE_EPOCH = -1;

  /** Strings of a record have a length of 16 bits. */
  private static final int NAME_BYTES_MAX = Short.MAX_VALUE;

  private final Set<String> assignors;

  /**
   * @param assignors names a member may ask for
   */
  HeartbeatChecks(Set<String> assignors) {
    this.assignors = assignors;
  }

  /** Null if nothing is wrong. */
  @Nullable Refusal check(ConsumerGroupHeartbeatRequestData request, String clientId) {
    if (request.groupId().isBlank()) {
      return invalid("GroupId can't be empty.");
    }
    if (request.memberId().isBlank()) {
      return invalid("MemberId can't be empty.");
    }
    if (request.instanceId() != null && request.instanceId().isBlank()) {
      return invalid("InstanceId can't be empty.");
    }
    if (request.rackId() != null && request.rackId().isBlank()) {
      return invalid("RackId can't be empty.");
    }
    if (tooLong(request, clientId)) {
      return invalid("A name has at most %d bytes.".formatted(NAME_BYTES_MAX));
    }
    if (request.memberEpoch() < CurrentAssignment.LEFT_FOR_NOW) {
      return invalid("MemberEpoch is invalid.");
    }
    if (request.memberEpoch() == CurrentAssignment.LEFT_FOR_NOW && request.instanceId() == null) {
      return invalid("InstanceId can't be null.");
    }
    if (request.memberEpoch() == JOIN_EPOCH) {
      Refusal refusal = checkJoin(request);
      if (refusal != null) {
        return refusal;
      }
    }
    return checkChoices(request);
  }

  private static @Nullable Refusal checkJoin(ConsumerGroupHeartbeatRequestData request) {
    if (request.rebalanceTimeoutMs() == -1) {
      return invalid("RebalanceTimeoutMs must be provided in first request.");
    }
    if (request.topicPartitions() == null || !request.topicPartitions().isEmpty()) {
      return invalid("TopicPartitions must be empty when (re-)joining.");
    }
    // nothing at all may be subscribed to: clients with a pattern join before a topic matches
    boolean byName = request.subscribedTopicNames() != null;
    boolean byPattern = request.subscribedTopicRegex() != null;
    return byName || byPattern
        ? null
        : invalid(
            "Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when"
                + " (re-)joining.");
  }

  private @Nullable Refusal checkChoices(ConsumerGroupHeartbeatRequestData request) {
    String assignor = request.serverAssignor();
    if (assignor != null && !assignors.contains(assignor)) {
      return new Refusal(
          Errors.UNSUPPORTED_ASSIGNOR,
          "ServerAssignor %s is not supported. Supported assignors: %s."
              .formatted(assignor, String.join(", ", assignors)));
    }
    String regex = request.subscribedTopicRegex();
    if (regex == null || regex.isEmpty()) {
      return null;
    }
    Optional<String> problem = ResolvedRegex.problem(regex);
    return problem.isEmpty()
        ? null
        : new Refusal(
            Errors.INVALID_REGULAR_EXPRESSION,
            "SubscribedTopicRegex `%s` is not a valid regular expression: %s."
                .formatted(regex, problem.get()));
  }

  private static boolean tooLong(ConsumerGroupHeartbeatRequestData request, String clientId) {
    return tooLong(clientId)
        || tooLong(request.memberId())
        || tooLong(request.instanceId())
        || tooLong(request.rackId())
        || tooLong(request.subscribedTopicRegex());
  }

  private static boolean tooLong(@Nullable String name) {
    return name != null && Utils.utf8Length(name) > NAME_BYTES_MAX;
  }

  private static Refusal invalid(String message) {
    return new Refusal(Errors.INVALID_REQUEST, message);
  }
}
