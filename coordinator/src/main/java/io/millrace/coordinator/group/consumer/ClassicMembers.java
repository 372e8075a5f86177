package io.millrace.coordinator.group.consumer;

import io.millrace.coordinator.Outbox;
import io.millrace.coordinator.group.GroupCaller;
import io.millrace.coordinator.group.MemberIds;
import io.millrace.coordinator.group.classic.ClassicAnswers;
import io.millrace.coordinator.group.classic.EmbeddedProtocol;
import io.millrace.storage.metadata.MetadataImage;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ConsumerProtocolSubscription;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.JoinGroupRequestData.JoinGroupRequestProtocol;
import org.apache.kafka.common.message.JoinGroupResponseData;
import org.apache.kafka.common.message.SyncGroupRequestData;
import org.apache.kafka.common.message.SyncGroupResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * Members of the classic protocol in a consumer group, while a live group changes its protocol. A
 * join is a heartbeat that lists what the member owns, a sync fetches what it was given; each
 * member goes round by itself, and is told to join again when there is a step to take. Runs on the
 * shard's loop.
 */
final class ClassicMembers {
  /** From this version on a member without an id is first told one. */
  private static final int ID_REQUIRED_SINCE = 4;

  private final ConsumerRebalance rebalance;
  private final ConsumerHeartbeat heartbeats;
  private final ConsumerTimers timers;
  private final Downgrade downgrade;
  private final int membersMax;
  private final MemberIds memberIds;
  private final Supplier<MetadataImage> image;

  ClassicMembers(
      ConsumerRebalance rebalance,
      ConsumerHeartbeat heartbeats,
      ConsumerTimers timers,
      Downgrade downgrade,
      int membersMax,
      MemberIds memberIds,
      Supplier<MetadataImage> image) {
    this.rebalance = rebalance;
    this.heartbeats = heartbeats;
    this.timers = timers;
    this.downgrade = downgrade;
    this.membersMax = membersMax;
    this.memberIds = memberIds;
    this.image = image;
  }

  void join(
      ConsumerGroup group,
      GroupCaller caller,
      JoinGroupRequestData request,
      Outbox out,
      CompletableFuture<JoinGroupResponseData> reply) {
    JoinGroupRequestProtocol first = request.protocols().stream().findFirst().orElse(null);
    Optional<ConsumerProtocolSubscription> subscription =
        first == null ? Optional.empty() : EmbeddedProtocol.subscription(first.metadata());
    Errors error = check(group, request);
    if (error == Errors.NONE && subscription.isEmpty()) {
      error = Errors.INCONSISTENT_GROUP_PROTOCOL;
    }
    if (error != Errors.NONE || subscription.isEmpty()) {
      out.reply(reply, ClassicAnswers.joinError(request.memberId(), error));
      return;
    }
    boolean unknown = request.memberId().isEmpty();
    String memberId = unknown ? memberIds.next() : request.memberId();
    if (unknown && request.groupInstanceId() == null && caller.version() >= ID_REQUIRED_SINCE) {
      out.reply(reply, ClassicAnswers.joinError(memberId, Errors.MEMBER_ID_REQUIRED));
      return;
    }
    ConsumerMember former = formerLife(group, request);
    if (former != null && !former.id().equals(memberId)) {
      heartbeats.replace(group.groupId(), former, memberId, out);
    }
    MemberMetadata metadata = metadata(caller, request, subscription.get());
    boolean changed = rebalance.update(group.groupId(), memberId, metadata, out);
    ConsumerMember member =
        rebalance.reconcile(group.groupId(), memberId, changed, owned(subscription.get()), out);
    timers.joined(group.groupId(), memberId, out);
    if (!downgrade.tryDowngrade(group, changed, out)) {
      timers.session(group.groupId(), memberId, request.sessionTimeoutMs(), out);
      timers.sync(group.groupId(), memberId, metadata.rebalanceTimeoutMs(), out);
    }
    out.reply(
        reply,
        new JoinGroupResponseData()
            .setMemberId(memberId)
            .setGenerationId(member.epoch())
            .setProtocolType(EmbeddedProtocol.TYPE)
            .setProtocolName(protocols(member).getFirst().name())
            .setLeader(""));
  }

  private static @Nullable ConsumerMember formerLife(
      ConsumerGroup group, JoinGroupRequestData request) {
    String instanceId = request.groupInstanceId();
    return instanceId == null ? null : group.staticMember(instanceId);
  }

  private Errors check(ConsumerGroup group, JoinGroupRequestData request) {
    String memberId = request.memberId();
    if (group.member(memberId) == null && group.size() >= membersMax) {
      return Errors.GROUP_MAX_SIZE_REACHED;
    }
    if (!EmbeddedProtocol.TYPE.equals(request.protocolType())
        || !knowsWhatOthersKnow(group, request)) {
      return Errors.INCONSISTENT_GROUP_PROTOCOL;
    }
    if (request.groupInstanceId() == null || memberId.isEmpty()) {
      return Errors.NONE;
    }
    Refusal refusal =
        StaticMembers.check(
            group.staticMember(request.groupInstanceId()), memberId, request.groupInstanceId());
    return refusal == null ? Errors.NONE : refusal.error();
  }

  /** Should only they be left one day, members of the classic protocol need one in common. */
  private static boolean knowsWhatOthersKnow(ConsumerGroup group, JoinGroupRequestData request) {
    return request.protocols().stream()
        .anyMatch(protocol ->
            group.members().stream()
                .filter(member -> !member.id().equals(request.memberId()))
                .flatMap(member -> member.metadata().classic().stream())
                .allMatch(classic ->
                    classic.protocols().stream()
                        .anyMatch(each -> each.name().equals(protocol.name()))));
  }

  private static MemberMetadata metadata(
      GroupCaller caller, JoinGroupRequestData request, ConsumerProtocolSubscription subscription) {
    return new MemberMetadata(
        Optional.ofNullable(request.groupInstanceId()),
        Optional.ofNullable(subscription.rackId()),
        caller.clientId(),
        caller.host(),
        request.rebalanceTimeoutMs() < 0
            ? request.sessionTimeoutMs()
            : request.rebalanceTimeoutMs(),
        new TreeSet<>(subscription.topics()),
        "",
        Optional.empty(),
        Optional.of(
            new MemberMetadata.Classic(
                request.sessionTimeoutMs(),
                request.protocols().stream()
                    .map(each -> new ClassicProtocol(each.name(), each.metadata()))
                    .toList())));
  }

  private static List<ClassicProtocol> protocols(ConsumerMember member) {
    return member.metadata().classic().map(MemberMetadata.Classic::protocols).orElseThrow();
  }

  private Map<Uuid, Set<Integer>> owned(ConsumerProtocolSubscription subscription) {
    MetadataImage now = image.get();
    Map<Uuid, Set<Integer>> owned = new TreeMap<>();
    subscription
        .ownedPartitions()
        .forEach(each -> {
          MetadataImage.Topic topic = now.topic(each.topic());
          if (topic != null) {
            owned.put(topic.id(), new TreeSet<>(each.partitions()));
          }
        });
    return owned;
  }

  void sync(
      ConsumerGroup group,
      SyncGroupRequestData request,
      Outbox out,
      CompletableFuture<SyncGroupResponseData> reply) {
    ConsumerMember member = member(group, request.memberId(), request.groupInstanceId());
    Errors error =
        check(group, member, request.memberId(), request.groupInstanceId(), request.generationId());
    if (error == Errors.NONE && member != null && differs(member, request)) {
      error = Errors.INCONSISTENT_GROUP_PROTOCOL;
    }
    if (error == Errors.NONE && member != null && hasNextRound(group, member)) {
      askToJoin(group, member, out);
      error = Errors.REBALANCE_IN_PROGRESS;
    }
    if (error != Errors.NONE || member == null) {
      out.reply(reply, ClassicAnswers.syncError(error));
      return;
    }
    timers.synced(group.groupId(), member.id(), out);
    touch(group, member, out);
    ClassicProtocol protocol = protocols(member).getFirst();
    out.reply(
        reply,
        new SyncGroupResponseData()
            .setProtocolType(EmbeddedProtocol.TYPE)
            .setProtocolName(protocol.name())
            .setAssignment(
                EmbeddedProtocol.bytes(
                    member.assignedByName(image.get()),
                    EmbeddedProtocol.version(protocol.metadata()))));
  }

  private static boolean differs(ConsumerMember member, SyncGroupRequestData request) {
    return (request.protocolType() != null && !request.protocolType().equals(EmbeddedProtocol.TYPE))
        || (request.protocolName() != null
            && !request.protocolName().equals(protocols(member).getFirst().name()));
  }

  Errors heartbeat(ConsumerGroup group, HeartbeatRequestData request, Outbox out) {
    ConsumerMember member = member(group, request.memberId(), request.groupInstanceId());
    Errors error =
        check(group, member, request.memberId(), request.groupInstanceId(), request.generationId());
    if (error != Errors.NONE || member == null) {
      return error;
    }
    touch(group, member, out);
    if (hasNextRound(group, member) || hasNextStep(group, member)) {
      askToJoin(group, member, out);
      return Errors.REBALANCE_IN_PROGRESS;
    }
    return Errors.NONE;
  }

  private static @Nullable ConsumerMember member(
      ConsumerGroup group, String memberId, @Nullable String instanceId) {
    return instanceId == null ? group.member(memberId) : group.staticMember(instanceId);
  }

  private static Errors check(
      ConsumerGroup group,
      @Nullable ConsumerMember member,
      String memberId,
      @Nullable String instanceId,
      int generation) {
    if (instanceId != null) {
      Refusal refusal = StaticMembers.check(member, memberId, instanceId);
      if (refusal != null) {
        return refusal.error();
      }
    }
    if (member == null || !member.isClassic() || group.isEmpty()) {
      return Errors.UNKNOWN_MEMBER_ID;
    }
    return generation == member.epoch() ? Errors.NONE : Errors.ILLEGAL_GENERATION;
  }

  /** A newer assignment is there, or due; one that has partitions to give up does that first. */
  private static boolean hasNextRound(ConsumerGroup group, ConsumerMember member) {
    return group.epoch() > member.epoch()
        && member.current().state() != MemberState.UNREVOKED_PARTITIONS;
  }

  /** It has partitions to give up, or others have released what it waits for. */
  private static boolean hasNextStep(ConsumerGroup group, ConsumerMember member) {
    return switch (member.current().state()) {
      case STABLE -> false;
      case UNREVOKED_PARTITIONS, UNKNOWN -> true;
      case UNRELEASED_PARTITIONS -> !waitsForOthers(group, member);
    };
  }

  private static boolean waitsForOthers(ConsumerGroup group, ConsumerMember member) {
    Map<Uuid, Set<Integer>> has = member.current().partitions();
    return group.target(member.id()).entrySet().stream()
        .anyMatch(each ->
            each.getValue().stream()
                .anyMatch(p ->
                    !has.getOrDefault(each.getKey(), Set.of()).contains(p)
                        && group.owner(each.getKey(), p) != null));
  }

  private void askToJoin(ConsumerGroup group, ConsumerMember member, Outbox out) {
    timers.join(group.groupId(), member.id(), member.metadata().rebalanceTimeoutMs(), out);
  }

  private void touch(ConsumerGroup group, ConsumerMember member, Outbox out) {
    int timeoutMs =
        member.metadata().classic().map(MemberMetadata.Classic::sessionTimeoutMs).orElseThrow();
    timers.session(group.groupId(), member.id(), timeoutMs, out);
  }
}
