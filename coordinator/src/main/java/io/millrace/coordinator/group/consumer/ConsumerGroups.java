package io.millrace.coordinator.group.consumer;

import io.millrace.coordinator.CoordinatorRecord;
import io.millrace.coordinator.Outbox;
import io.millrace.coordinator.group.GroupCaller;
import io.millrace.coordinator.group.MemberIds;
import io.millrace.coordinator.group.assignor.Assignor;
import io.millrace.coordinator.group.assignor.RangeAssignor;
import io.millrace.coordinator.group.assignor.UniformAssignor;
import io.millrace.coordinator.group.offset.OffsetCommit;
import io.millrace.runtime.Clock;
import io.millrace.storage.metadata.MetadataImage;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ConsumerGroupDescribeResponseData.DescribedGroup;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatResponseData;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.JoinGroupResponseData;
import org.apache.kafka.common.message.LeaveGroupRequestData.MemberIdentity;
import org.apache.kafka.common.message.SyncGroupRequestData;
import org.apache.kafka.common.message.SyncGroupResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * The consumer groups of one partition of __consumer_offsets: composes what deals with them. Owned
 * by its shard's loop.
 */
public final class ConsumerGroups {
  private static final Map<String, Assignor> ASSIGNORS =
      Map.of(
          UniformAssignor.NAME, new UniformAssignor(),
          RangeAssignor.NAME, new RangeAssignor());

  private final ConsumerGroupTable groups = new ConsumerGroupTable();
  private final ConsumerTimers timers = new ConsumerTimers(this::fence);
  private final HeartbeatChecks checks;
  private final ConsumerRebalance rebalance;
  private final ConsumerDeparture departure;
  private final ConsumerHeartbeat heartbeats;
  private final ClassicMembers classicMembers;
  private final Function<String, ConsumerSettings.OfGroup> ofGroup;
  private final Supplier<MetadataImage> image;

  /**
   * @param ofGroup what is in force for a group
   * @param downgrade makes classic groups of groups without members of the consumer protocol
   * @throws IllegalArgumentException if a setting names an assignor that does not exist
   */
  public ConsumerGroups(
      ConsumerSettings settings,
      Function<String, ConsumerSettings.OfGroup> ofGroup,
      Downgrade downgrade,
      Clock clock,
      MemberIds memberIds,
      Supplier<MetadataImage> image) {
    this.ofGroup = ofGroup;
    this.image = image;
    Map<String, Assignor> assignors = new LinkedHashMap<>();
    for (String name : settings.assignors()) {
      Assignor assignor = ASSIGNORS.get(name);
      if (assignor == null) {
        throw new IllegalArgumentException("there is no assignor " + name);
      }
      assignors.put(name, assignor);
    }
    this.checks = new HeartbeatChecks(assignors.keySet());
    this.rebalance =
        new ConsumerRebalance(
            groups, assignors, assignors.values().iterator().next(), ofGroup, timers, clock, image);
    this.departure = new ConsumerDeparture(groups, rebalance, timers, downgrade);
    this.heartbeats =
        new ConsumerHeartbeat(groups, rebalance, departure, timers, settings.membersMax(), ofGroup);
    this.classicMembers =
        new ClassicMembers(
            rebalance, heartbeats, timers, downgrade, settings.membersMax(), memberIds, image);
  }

  private void fence(String groupId, String memberId, String reason, Outbox out) {
    departure.fence(groupId, memberId, reason, out);
  }

  public @Nullable ConsumerGroup get(String groupId) {
    return groups.get(groupId);
  }

  public Collection<ConsumerGroup> all() {
    return groups.all();
  }

  /** Applies a record if it is one of a consumer group. */
  public void replay(CoordinatorRecord record) {
    groups.replay(record);
  }

  /** Deadlines of loaded members begin anew. */
  public void onLoaded(Outbox out) {
    for (ConsumerGroup group : groups.all()) {
      for (ConsumerMember member : group.members()) {
        startTimers(group, member, out);
      }
    }
  }

  private void startTimers(ConsumerGroup group, ConsumerMember member, Outbox out) {
    int sessionMs =
        member
            .metadata()
            .classic()
            .map(MemberMetadata.Classic::sessionTimeoutMs)
            .orElseGet(() -> ofGroup.apply(group.groupId()).sessionTimeoutMs());
    timers.session(group.groupId(), member.id(), sessionMs, out);
    if (member.current().state() == MemberState.UNREVOKED_PARTITIONS) {
      timers.revocation(group.groupId(), member.id(), member.metadata().rebalanceTimeoutMs(), out);
    }
  }

  /** What is wrong with a heartbeat whatever the group's state; null if nothing. */
  public @Nullable Refusal check(GroupCaller caller, ConsumerGroupHeartbeatRequestData request) {
    return checks.check(request, caller.clientId());
  }

  public static ConsumerGroupHeartbeatResponseData refused(Refusal refusal) {
    return ConsumerHeartbeat.refused(refusal);
  }

  public static boolean joins(ConsumerGroupHeartbeatRequestData request) {
    return request.memberEpoch() == HeartbeatChecks.JOIN_EPOCH;
  }

  public void heartbeat(
      GroupCaller caller,
      ConsumerGroupHeartbeatRequestData request,
      Outbox out,
      CompletableFuture<ConsumerGroupHeartbeatResponseData> reply) {
    heartbeats.heartbeat(caller, request, out, reply);
  }

  /** A member of the classic protocol joins. */
  public void join(
      ConsumerGroup group,
      GroupCaller caller,
      JoinGroupRequestData request,
      Outbox out,
      CompletableFuture<JoinGroupResponseData> reply) {
    classicMembers.join(group, caller, request, out, reply);
  }

  /** A member of the classic protocol fetches its assignment. */
  public void sync(
      ConsumerGroup group,
      SyncGroupRequestData request,
      Outbox out,
      CompletableFuture<SyncGroupResponseData> reply) {
    classicMembers.sync(group, request, out, reply);
  }

  /** A heartbeat of the classic protocol. */
  public Errors heartbeat(ConsumerGroup group, HeartbeatRequestData request, Outbox out) {
    return classicMembers.heartbeat(group, request, out);
  }

  /**
   * Members leave by a request of the classic protocol, or are taken out by an administrator; one
   * error each, in order. One assignment deals with all that went.
   */
  public List<Errors> leave(ConsumerGroup group, List<MemberIdentity> identities, Outbox out) {
    Set<String> leaving = new LinkedHashSet<>();
    List<Errors> errors =
        identities.stream().map(identity -> leave(group, identity, leaving)).toList();
    departure.remove(group, leaving, out);
    return errors;
  }

  private static Errors leave(ConsumerGroup group, MemberIdentity identity, Set<String> leaving) {
    String instanceId = identity.groupInstanceId();
    ConsumerMember member =
        instanceId == null ? group.member(identity.memberId()) : group.staticMember(instanceId);
    if (member == null || leaving.contains(member.id())) {
      return Errors.UNKNOWN_MEMBER_ID;
    }
    if (!identity.memberId().isEmpty() && !member.id().equals(identity.memberId())) {
      return Errors.FENCED_INSTANCE_ID;
    }
    leaving.add(member.id());
    return Errors.NONE;
  }

  /** Takes a group out, its records and its timers. */
  public void remove(ConsumerGroup group, Outbox out) {
    group.members().forEach(member -> timers.cancel(group.groupId(), member.id(), out));
    groups.write(ConsumerRecords.withoutGroup(group), out);
  }

  /** A member of a group that comes from another protocol, with what it has. */
  public record Adopted(
      String memberId, MemberMetadata metadata, Map<Uuid, Set<Integer>> partitions) {}

  /**
   * Puts in a group that was one of the classic protocol. Everyone keeps what it has.
   *
   * @param epoch the group's generation
   */
  public void adopt(String groupId, int epoch, List<Adopted> members, Outbox out) {
    members.forEach(each ->
        groups.write(ConsumerRecords.metadata(groupId, each.memberId(), each.metadata()), out));
    ConsumerGroup group = groups.require(groupId);
    long hash = MetadataHash.of(group.subscribedTopics(), image.get());
    groups.write(ConsumerRecords.epoch(groupId, epoch, hash), out);
    for (Adopted each : members) {
      groups.write(ConsumerRecords.target(groupId, each.memberId(), each.partitions()), out);
    }
    // at no time, so that the next assignment need not wait
    groups.write(ConsumerRecords.targetEpoch(groupId, epoch, 0), out);
    for (Adopted each : members) {
      CurrentAssignment current = CurrentAssignment.of(epoch, each.partitions());
      groups.write(ConsumerRecords.current(groupId, each.memberId(), current), out);
      startTimers(group, group.require(each.memberId()), out);
    }
  }

  /**
   * What speaks against commits by this member. One that is behind may commit what it has had since
   * before its epoch.
   *
   * @param epoch negative if none was given
   * @param transactional such commits need not name a member
   * @param memberEpochs whether the request knows epochs of members
   */
  public OffsetCommit.Check checkCommit(
      ConsumerGroup group,
      String memberId,
      @Nullable String instanceId,
      int epoch,
      boolean transactional,
      boolean memberEpochs) {
    boolean outsider = epoch < 0 && memberId.isEmpty() && instanceId == null;
    if ((epoch < 0 && group.isEmpty()) || (outsider && transactional)) {
      return commit -> Errors.NONE;
    }
    ConsumerMember member = group.member(memberId);
    if (member == null) {
      return commit -> Errors.UNKNOWN_MEMBER_ID;
    }
    if (!transactional && !member.isClassic() && !memberEpochs) {
      return commit -> Errors.UNSUPPORTED_VERSION;
    }
    Errors stale = stale(member);
    if (epoch == member.epoch()) {
      return commit -> Errors.NONE;
    }
    if (epoch > member.epoch()) {
      return commit -> stale;
    }
    return commit -> {
      int assignedAt = member.current().epochOf(commit.topicId(), commit.partition());
      return assignedAt >= 0 && epoch >= assignedAt ? Errors.NONE : stale;
    };
  }

  /**
   * What speaks against a fetch of offsets by this member; an outsider has neither id nor epoch.
   */
  public Errors checkFetch(ConsumerGroup group, @Nullable String memberId, int epoch) {
    if (epoch < 0 && (memberId == null || memberId.isEmpty())) {
      return Errors.NONE;
    }
    ConsumerMember member = memberId == null ? null : group.member(memberId);
    if (member == null) {
      return Errors.UNKNOWN_MEMBER_ID;
    }
    return epoch == member.epoch() ? Errors.NONE : stale(member);
  }

  private static Errors stale(ConsumerMember member) {
    return member.isClassic() ? Errors.ILLEGAL_GENERATION : Errors.STALE_MEMBER_EPOCH;
  }

  /** What administrators are told of a group. */
  public DescribedGroup describe(ConsumerGroup group) {
    return ConsumerView.describe(group, rebalance.preferred(group).name(), image.get());
  }
}
