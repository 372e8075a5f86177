package io.millrace.coordinator.group.consumer;

import io.millrace.coordinator.Outbox;
import io.millrace.coordinator.group.GroupCaller;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * A heartbeat of the consumer protocol: joins, stays or leaves. A member proves who it is by its
 * epoch: one that is behind has been fenced, unless it is at the previous epoch with nothing that
 * it should not have, which means that an answer got lost. Runs on the shard's loop.
 */
final class ConsumerHeartbeat {
  /** A heartbeat's answer needs a proof of leadership no older than this part of the session. */
  private static final int PROOF_PART_OF_SESSION = 3;

  private final ConsumerGroupTable groups;
  private final ConsumerRebalance rebalance;
  private final ConsumerDeparture departure;
  private final ConsumerTimers timers;
  private final int membersMax;
  private final Function<String, ConsumerSettings.OfGroup> ofGroup;

  ConsumerHeartbeat(
      ConsumerGroupTable groups,
      ConsumerRebalance rebalance,
      ConsumerDeparture departure,
      ConsumerTimers timers,
      int membersMax,
      Function<String, ConsumerSettings.OfGroup> ofGroup) {
    this.groups = groups;
    this.rebalance = rebalance;
    this.departure = departure;
    this.timers = timers;
    this.membersMax = membersMax;
    this.ofGroup = ofGroup;
  }

  /** After {@link HeartbeatChecks}. */
  void heartbeat(
      GroupCaller caller,
      ConsumerGroupHeartbeatRequestData request,
      Outbox out,
      CompletableFuture<ConsumerGroupHeartbeatResponseData> reply) {
    if (request.memberEpoch() < HeartbeatChecks.JOIN_EPOCH) {
      leave(request, out, reply);
      return;
    }
    ConsumerGroup group = groups.get(request.groupId());
    Refusal refusal = check(group, request);
    if (refusal == null) {
      accept(caller, request, out, reply);
    } else {
      out.reply(reply, refused(refusal));
    }
  }

  static ConsumerGroupHeartbeatResponseData refused(Refusal refusal) {
    return new ConsumerGroupHeartbeatResponseData()
        .setErrorCode(refusal.error().code())
        .setErrorMessage(refusal.message());
  }

  private void leave(
      ConsumerGroupHeartbeatRequestData request,
      Outbox out,
      CompletableFuture<ConsumerGroupHeartbeatResponseData> reply) {
    ConsumerGroup group = groups.get(request.groupId());
    Refusal refusal =
        group == null
            ? notFound(request.groupId())
            : departure.leave(
                group, request.memberId(), request.instanceId(), request.memberEpoch(), out);
    out.reply(
        reply,
        refusal == null
            ? new ConsumerGroupHeartbeatResponseData()
                .setMemberId(request.memberId())
                .setMemberEpoch(request.memberEpoch())
            : refused(refusal));
  }

  private static Refusal notFound(String groupId) {
    return new Refusal(
        Errors.GROUP_ID_NOT_FOUND, "Consumer group %s not found.".formatted(groupId));
  }

  private @Nullable Refusal check(
      @Nullable ConsumerGroup group, ConsumerGroupHeartbeatRequestData request) {
    boolean joins = request.memberEpoch() == HeartbeatChecks.JOIN_EPOCH;
    String memberId = request.memberId();
    if (group == null) {
      return joins ? null : notFound(request.groupId());
    }
    ConsumerMember known = group.member(memberId);
    String instanceId = request.instanceId();
    ConsumerMember instance = instanceId == null ? null : group.staticMember(instanceId);
    if (known == null && instance == null && group.size() >= membersMax) {
      return new Refusal(
          Errors.GROUP_MAX_SIZE_REACHED,
          "The consumer group has reached its maximum capacity of %d members."
              .formatted(membersMax));
    }
    if (instanceId == null) {
      if (known == null) {
        return joins
            ? null
            : new Refusal(
                Errors.UNKNOWN_MEMBER_ID,
                "Member %s is not a member of group %s.".formatted(memberId, group.groupId()));
      }
      return checkEpoch(known, request);
    }
    if (joins) {
      return checkReleased(instance, memberId, instanceId);
    }
    Refusal refusal = StaticMembers.check(instance, memberId, instanceId);
    return refusal != null || instance == null ? refusal : checkEpoch(instance, request);
  }

  /** A static member takes the place of its former self once that has left, or cannot know how. */
  private static @Nullable Refusal checkReleased(
      @Nullable ConsumerMember former, String memberId, String instanceId) {
    if (former == null
        || former.id().equals(memberId)
        || former.isClassic()
        || former.epoch() == CurrentAssignment.LEFT_FOR_NOW) {
      return null;
    }
    return new Refusal(
        Errors.UNRELEASED_INSTANCE_ID,
        "Static member %s with instance id %s cannot join the group because the instance id is"
                .formatted(memberId, instanceId)
            + " owned by member %s.".formatted(former.id()));
  }

  private static @Nullable Refusal checkEpoch(
      ConsumerMember member, ConsumerGroupHeartbeatRequestData request) {
    int epoch = request.memberEpoch();
    if (epoch == HeartbeatChecks.JOIN_EPOCH || epoch == member.epoch()) {
      return null;
    }
    boolean answerLost =
        epoch < member.epoch()
            && epoch == member.current().previousEpoch()
            && request.topicPartitions() != null
            && member.current().includes(owned(request));
    return answerLost
        ? null
        : new Refusal(
            Errors.FENCED_MEMBER_EPOCH,
            "The consumer group member has a %s member epoch (%d) than the one known by the group"
                    .formatted(epoch > member.epoch() ? "greater" : "smaller", epoch)
                + " coordinator (%d). The member must abandon all its partitions and rejoin."
                    .formatted(member.epoch()));
  }

  private void accept(
      GroupCaller caller,
      ConsumerGroupHeartbeatRequestData request,
      Outbox out,
      CompletableFuture<ConsumerGroupHeartbeatResponseData> reply) {
    String groupId = request.groupId();
    String memberId = request.memberId();
    takeFormerPlace(request, out);
    ConsumerGroup group = groups.get(groupId);
    ConsumerMember before = group == null ? null : group.member(memberId);
    MemberMetadata metadata =
        metadata(caller, request, before == null ? MemberMetadata.UNKNOWN : before.metadata());
    boolean changed = rebalance.update(groupId, memberId, metadata, out);
    ConsumerMember after =
        rebalance.reconcile(
            groupId,
            memberId,
            changed,
            request.topicPartitions() == null ? null : owned(request),
            out);
    ConsumerSettings.OfGroup settings = ofGroup.apply(groupId);
    timers.session(groupId, memberId, settings.sessionTimeoutMs(), out);
    ConsumerGroupHeartbeatResponseData answer =
        new ConsumerGroupHeartbeatResponseData()
            .setMemberId(memberId)
            .setMemberEpoch(after.epoch())
            .setHeartbeatIntervalMs(settings.heartbeatIntervalMs());
    if (wantsAssignment(request)
        || before == null
        || !before.current().partitions().equals(after.current().partitions())) {
      answer.setAssignment(assignment(after));
    }
    out.reply(reply, answer, settings.sessionTimeoutMs() / PROOF_PART_OF_SESSION);
  }

  /** A static member that is back gets what its former self had. */
  private void takeFormerPlace(ConsumerGroupHeartbeatRequestData request, Outbox out) {
    ConsumerGroup group = groups.get(request.groupId());
    String instanceId = request.instanceId();
    ConsumerMember former =
        group == null || instanceId == null ? null : group.staticMember(instanceId);
    if (former != null && !former.id().equals(request.memberId())) {
      replace(request.groupId(), former, request.memberId(), out);
    }
  }

  /** Gives the place of a static member to its next life, which has another member id. */
  void replace(String groupId, ConsumerMember former, String memberId, Outbox out) {
    Map<Uuid, Set<Integer>> target = groups.require(groupId).target(former.id());
    timers.cancel(groupId, former.id(), out);
    groups.write(ConsumerRecords.withoutMember(groupId, former.id()), out);
    groups.write(ConsumerRecords.metadata(groupId, memberId, former.metadata()), out);
    groups.write(ConsumerRecords.target(groupId, memberId, target), out);
    groups.write(ConsumerRecords.current(groupId, memberId, former.current().rejoining()), out);
  }

  private static MemberMetadata metadata(
      GroupCaller caller, ConsumerGroupHeartbeatRequestData request, MemberMetadata former) {
    return new MemberMetadata(
        orFormer(request.instanceId(), former.instanceId()),
        orFormer(request.rackId(), former.rackId()),
        caller.clientId(),
        caller.host(),
        request.rebalanceTimeoutMs() == -1
            ? former.rebalanceTimeoutMs()
            : request.rebalanceTimeoutMs(),
        request.subscribedTopicNames() == null
            ? former.topics()
            : new TreeSet<>(request.subscribedTopicNames()),
        request.subscribedTopicRegex() == null ? former.regex() : request.subscribedTopicRegex(),
        orFormer(request.serverAssignor(), former.assignor()),
        Optional.empty());
  }

  private static Optional<String> orFormer(@Nullable String given, Optional<String> former) {
    return given == null ? former : Optional.of(given);
  }

  /**
   * A request with everything in it comes from a member that joins or does not know where it is.
   */
  private static boolean wantsAssignment(ConsumerGroupHeartbeatRequestData request) {
    return request.memberEpoch() == HeartbeatChecks.JOIN_EPOCH
        || (request.rebalanceTimeoutMs() != -1
            && (request.subscribedTopicNames() != null || request.subscribedTopicRegex() != null)
            && request.topicPartitions() != null);
  }

  private static Map<Uuid, Set<Integer>> owned(ConsumerGroupHeartbeatRequestData request) {
    Map<Uuid, Set<Integer>> owned = new TreeMap<>();
    request
        .topicPartitions()
        .forEach(each ->
            owned.computeIfAbsent(each.topicId(), t -> new TreeSet<>()).addAll(each.partitions()));
    return owned;
  }

  private static ConsumerGroupHeartbeatResponseData.Assignment assignment(ConsumerMember member) {
    ConsumerGroupHeartbeatResponseData.Assignment assignment =
        new ConsumerGroupHeartbeatResponseData.Assignment();
    member
        .current()
        .partitions()
        .forEach((topic, numbers) ->
            assignment
                .topicPartitions()
                .add(
                    new ConsumerGroupHeartbeatResponseData.TopicPartitions()
                        .setTopicId(topic)
                        .setPartitions(numbers.stream().sorted().toList())));
    return assignment;
  }
}
