package io.millrace.coordinator.group.consumer;

import io.millrace.coordinator.Outbox;
import io.millrace.coordinator.group.assignor.Assignor;
import io.millrace.coordinator.group.assignor.MemberSpec;
import io.millrace.runtime.Clock;
import io.millrace.storage.metadata.MetadataImage;
import java.util.ArrayList;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What every sign of a member leads to, whichever protocol it speaks: take in what it says of
 * itself; bump the group's epoch if an assignment is due; make one; take the member's next step
 * towards it. Runs on the shard's loop.
 */
final class ConsumerRebalance {
  private static final Logger LOG = LoggerFactory.getLogger(ConsumerRebalance.class);

  private final ConsumerGroupTable groups;
  private final Map<String, Assignor> assignors;
  private final Assignor defaultAssignor;
  private final Function<String, ConsumerSettings.OfGroup> ofGroup;
  private final ConsumerTimers timers;
  private final Clock clock;
  private final Supplier<MetadataImage> image;

  /**
   * @param assignors by name
   */
  ConsumerRebalance(
      ConsumerGroupTable groups,
      Map<String, Assignor> assignors,
      Assignor defaultAssignor,
      Function<String, ConsumerSettings.OfGroup> ofGroup,
      ConsumerTimers timers,
      Clock clock,
      Supplier<MetadataImage> image) {
    this.groups = groups;
    this.assignors = assignors;
    this.defaultAssignor = defaultAssignor;
    this.ofGroup = ofGroup;
    this.timers = timers;
    this.clock = clock;
    this.image = image;
  }

  /**
   * A member, new or known, has given a sign. Returns whether its subscription, or what that stands
   * for, is another than before.
   *
   * @param metadata what it says of itself now
   */
  boolean update(String groupId, String memberId, MemberMetadata metadata, Outbox out) {
    ConsumerGroup before = groups.get(groupId);
    ConsumerMember former = before == null ? null : before.member(memberId);
    MemberMetadata formerMetadata = former == null ? MemberMetadata.UNKNOWN : former.metadata();
    if (former == null || !formerMetadata.equals(metadata)) {
      groups.write(ConsumerRecords.metadata(groupId, memberId, metadata), out);
    }
    ConsumerGroup group = groups.require(groupId);
    boolean changed = !formerMetadata.sameSubscription(metadata);
    if (!formerMetadata.regex().equals(metadata.regex())) {
      dropUnusedRegexes(group, out);
    }
    MetadataImage now = image.get();
    changed |= resolveRegexes(group, now, out);
    boolean due = changed || !group.hasEpochRecord();
    if (due || topicsMayDiffer(group, now)) {
      long hash = MetadataHash.of(group.subscribedTopics(), now);
      if (due || hash != group.metadataHash()) {
        bump(group, hash, out);
      }
    }
    group.checked(now);
    if (group.epoch() > group.assignmentEpoch() && mayAssign(group)) {
      assign(group, now, out);
    }
    return changed;
  }

  private static boolean topicsMayDiffer(ConsumerGroup group, MetadataImage now) {
    MetadataImage checked = group.checked();
    return checked == null || !checked.sameTopics(now);
  }

  /** An assignment is due. */
  void bump(ConsumerGroup group, long metadataHash, Outbox out) {
    groups.write(ConsumerRecords.epoch(group.groupId(), group.epoch() + 1, metadataHash), out);
    LOG.info(
        "Group {} is at epoch {} with {} members", group.groupId(), group.epoch(), group.size());
  }

  /** After members have gone. */
  void bumpWithoutMembers(ConsumerGroup group, Outbox out) {
    dropUnusedRegexes(group, out);
    bump(group, MetadataHash.of(group.subscribedTopics(), image.get()), out);
  }

  private void dropUnusedRegexes(ConsumerGroup group, Outbox out) {
    for (String regex : new ArrayList<>(group.regexes().keySet())) {
      if (group.subscribersOf(regex) == 0) {
        groups.write(ConsumerRecords.withoutRegex(group.groupId(), regex), out);
      }
    }
  }

  /** Looks patterns up that are new, and all when topics came or went. True if one differs. */
  private boolean resolveRegexes(ConsumerGroup group, MetadataImage now, Outbox out) {
    MetadataImage checked = group.checked();
    boolean namesMayDiffer = checked == null || !checked.sameTopicNames(now);
    Set<String> subscribed = new TreeSet<>();
    group.members().forEach(member -> subscribed.add(member.metadata().regex()));
    subscribed.remove("");
    boolean differs = false;
    for (String regex : subscribed) {
      ResolvedRegex known = group.regexes().get(regex);
      if (known != null && !namesMayDiffer) {
        continue;
      }
      Set<String> topics = ResolvedRegex.matches(regex, now.topicIds().keySet());
      if (known == null || !known.topics().equals(topics)) {
        ResolvedRegex resolved = new ResolvedRegex(topics, now.entryNumber(), clock.wallMs());
        groups.write(ConsumerRecords.regex(group.groupId(), regex, resolved), out);
        differs = true;
      }
    }
    return differs;
  }

  /** Assignments keep a distance, so that members that come one after the other share one. */
  private boolean mayAssign(ConsumerGroup group) {
    long agoMs = clock.wallMs() - group.assignmentTimestampMs();
    return group.assignmentTimestampMs() == 0
        || agoMs < 0
        || agoMs >= ofGroup.apply(group.groupId()).assignmentIntervalMs();
  }

  private void assign(ConsumerGroup group, MetadataImage now, Outbox out) {
    Map<Uuid, Integer> partitions = new TreeMap<>();
    Map<String, MemberSpec> specs = new TreeMap<>();
    for (ConsumerMember member : group.members()) {
      Set<Uuid> topics = new TreeSet<>();
      for (String name : group.topicsOf(member.metadata())) {
        MetadataImage.Topic topic = now.topic(name);
        if (topic != null) {
          topics.add(topic.id());
          partitions.put(topic.id(), topic.partitions().size());
        }
      }
      specs.put(
          member.id(),
          new MemberSpec(member.metadata().instanceId(), topics, group.target(member.id())));
    }
    Assignor assignor = preferred(group);
    Map<String, Map<Uuid, Set<Integer>>> assigned = assignor.assign(specs, partitions);
    String groupId = group.groupId();
    assigned.forEach((memberId, target) -> {
      if (!group.hasTarget(memberId) || !group.target(memberId).equals(target)) {
        groups.write(ConsumerRecords.target(groupId, memberId, target), out);
      }
    });
    groups.write(ConsumerRecords.targetEpoch(groupId, group.epoch(), clock.wallMs()), out);
  }

  /** The assignor most members ask for. */
  Assignor preferred(ConsumerGroup group) {
    Map<String, Integer> votes = new TreeMap<>();
    group.members().stream()
        .map(member -> member.metadata().assignor())
        .flatMap(Optional::stream)
        .filter(assignors::containsKey)
        .forEach(name -> votes.merge(name, 1, Integer::sum));
    return votes.entrySet().stream()
        .max(Map.Entry.comparingByValue())
        .map(most -> assignors.get(most.getKey()))
        .orElse(defaultAssignor);
  }

  /**
   * The member's next step towards its target.
   *
   * @param owned what it says it uses; null if it does not say
   */
  ConsumerMember reconcile(
      String groupId,
      String memberId,
      boolean subscriptionChanged,
      @Nullable Map<Uuid, Set<Integer>> owned,
      Outbox out) {
    ConsumerGroup group = groups.require(groupId);
    ConsumerMember member = group.require(memberId);
    if (!subscriptionChanged && member.current().isReconciledTo(group.assignmentEpoch())) {
      return member;
    }
    CurrentAssignment next =
        new Reconciliation(
                member,
                group.assignmentEpoch(),
                group.target(memberId),
                subscribedIds(group, member),
                owned,
                group::owner)
            .next(subscriptionChanged);
    if (next.equals(member.current())) {
      return member;
    }
    groups.write(ConsumerRecords.current(groupId, memberId, next), out);
    if (!member.isClassic()) {
      if (next.state() == MemberState.UNREVOKED_PARTITIONS) {
        timers.revocation(groupId, memberId, member.metadata().rebalanceTimeoutMs(), out);
      } else {
        timers.revoked(groupId, memberId, out);
      }
    }
    return group.require(memberId);
  }

  private Set<Uuid> subscribedIds(ConsumerGroup group, ConsumerMember member) {
    MetadataImage now = image.get();
    Set<Uuid> ids = new TreeSet<>();
    for (String name : group.topicsOf(member.metadata())) {
      MetadataImage.Topic topic = now.topic(name);
      if (topic != null) {
        ids.add(topic.id());
      }
    }
    return ids;
  }
}
