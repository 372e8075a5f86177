package io.millrace.coordinator.group;

import io.millrace.coordinator.Outbox;
import io.millrace.coordinator.group.classic.ClassicGroup;
import io.millrace.coordinator.group.classic.ClassicGroups;
import io.millrace.coordinator.group.classic.ClassicMember;
import io.millrace.coordinator.group.classic.EmbeddedProtocol;
import io.millrace.coordinator.group.consumer.ClassicProtocol;
import io.millrace.coordinator.group.consumer.ConsumerGroup;
import io.millrace.coordinator.group.consumer.ConsumerGroups;
import io.millrace.coordinator.group.consumer.ConsumerGroups.Adopted;
import io.millrace.coordinator.group.consumer.ConsumerMember;
import io.millrace.coordinator.group.consumer.ConsumerSettings;
import io.millrace.coordinator.group.consumer.MemberMetadata;
import io.millrace.coordinator.group.consumer.Refusal;
import io.millrace.runtime.Clock;
import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.MetadataImage;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ConsumerProtocolAssignment;
import org.apache.kafka.common.message.ConsumerProtocolSubscription;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Changes the protocol of a live group: up when the first member of the consumer protocol joins a
 * classic group, down when the last one leaves. Members keep what they have, and their epochs
 * continue where generations were. Runs on the shard's loop.
 */
final class Migration {
  private static final Logger LOG = LoggerFactory.getLogger(Migration.class);

  private final ClassicGroups classic;
  private final int classicMembersMax;
  private final ConsumerSettings settings;
  private final Clock clock;
  private final Supplier<MetadataImage> image;

  Migration(
      ClassicGroups classic,
      int classicMembersMax,
      ConsumerSettings settings,
      Clock clock,
      Supplier<MetadataImage> image) {
    this.classic = classic;
    this.classicMembersMax = classicMembersMax;
    this.settings = settings;
    this.clock = clock;
    this.image = image;
  }

  /** Makes a consumer group of a classic one; null if that is done. */
  @Nullable Refusal upgrade(ClassicGroup group, ConsumerGroups into, Outbox out) {
    if (group.size() == 0) {
      classic.remove(group, out);
      return null;
    }
    String reason = reasonAgainst(group);
    if (reason != null) {
      return refused(group, reason);
    }
    if (group.size() >= settings.membersMax()) {
      return new Refusal(
          Errors.GROUP_MAX_SIZE_REACHED,
          "The consumer group has reached its maximum capacity of %d members."
              .formatted(settings.membersMax()));
    }
    List<Adopted> members = new ArrayList<>();
    Set<PartitionId> taken = new HashSet<>();
    for (ClassicMember member : group.members()) {
      Optional<ConsumerProtocolSubscription> subscription =
          EmbeddedProtocol.subscription(member.anyMetadata(group.protocolName()));
      Optional<ConsumerProtocolAssignment> assignment =
          EmbeddedProtocol.assignment(member.assignment());
      if (subscription.isEmpty() || assignment.isEmpty()) {
        return refused(group, "the embedded consumer protocol is malformed");
      }
      if (assignment.get().userData() != null && assignment.get().userData().hasRemaining()) {
        return refused(
            group,
            "an unsupported custom assignor is in use. Please refer to the documentation or switch"
                + " to a default assignor before re-attempting the upgrade");
      }
      members.add(adopted(member, subscription.get(), assignment.get(), taken));
    }
    LOG.info("Group {} changes to the consumer protocol", group.groupId());
    classic.remove(group, out);
    into.adopt(group.groupId(), group.generation(), members, out);
    return null;
  }

  private @Nullable String reasonAgainst(ClassicGroup group) {
    if (!settings.migrationPolicy().upgrades()) {
      return "online upgrade is disabled";
    }
    if (!group.isOfConsumers()) {
      return "the group does not use the consumer embedded protocol";
    }
    return null;
  }

  private static Refusal refused(ClassicGroup group, String reason) {
    return new Refusal(
        Errors.GROUP_ID_NOT_FOUND,
        "Cannot upgrade classic group %s to consumer group because %s."
            .formatted(group.groupId(), reason));
  }

  /**
   * @param taken what other members have: a client's assignor may have given a partition twice
   */
  private Adopted adopted(
      ClassicMember member,
      ConsumerProtocolSubscription subscription,
      ConsumerProtocolAssignment assignment,
      Set<PartitionId> taken) {
    MetadataImage now = image.get();
    Map<Uuid, Set<Integer>> partitions = new TreeMap<>();
    assignment
        .assignedPartitions()
        .forEach(each -> {
          MetadataImage.Topic topic = now.topic(each.topic());
          if (topic != null) {
            each.partitions().stream()
                .filter(p -> taken.add(new PartitionId(topic.id(), p)))
                .forEach(p -> partitions.computeIfAbsent(topic.id(), t -> new TreeSet<>()).add(p));
          }
        });
    MemberMetadata metadata =
        new MemberMetadata(
            Optional.ofNullable(member.groupInstanceId()),
            Optional.ofNullable(subscription.rackId()),
            member.clientId(),
            member.clientHost(),
            member.rebalanceTimeoutMs(),
            new TreeSet<>(subscription.topics()),
            "",
            Optional.empty(),
            Optional.of(
                new MemberMetadata.Classic(
                    member.sessionTimeoutMs(),
                    member.protocols().entrySet().stream()
                        .map(each -> new ClassicProtocol(each.getKey(), each.getValue()))
                        .toList())));
    return new Adopted(member.memberId(), metadata, partitions);
  }

  /** See {@link io.millrace.coordinator.group.consumer.Downgrade}. */
  boolean tryDowngrade(ConsumerGroup group, boolean rebalance, ConsumerGroups from, Outbox out) {
    boolean due = !group.isEmpty() && group.members().stream().allMatch(ConsumerMember::isClassic);
    if (!due || !settings.migrationPolicy().downgrades() || group.size() > classicMembersMax) {
      return false;
    }
    LOG.info("Group {} changes to the classic protocol", group.groupId());
    ClassicGroup converted = new ClassicGroup(group.groupId(), clock.wallMs());
    List<ClassicMember> members = group.members().stream().map(this::classic).toList();
    converted.restore(
        group.epoch(),
        EmbeddedProtocol.TYPE,
        null,
        members.getFirst().memberId(),
        members,
        clock.wallMs());
    converted.protocolName(converted.selectProtocol());
    from.remove(group, out);
    classic.put(converted, rebalance, out);
    return true;
  }

  private ClassicMember classic(ConsumerMember member) {
    MemberMetadata metadata = member.metadata();
    MemberMetadata.Classic own = metadata.classic().orElseThrow();
    Map<String, byte[]> protocols = new LinkedHashMap<>();
    own.protocols().forEach(each -> protocols.put(each.name(), each.metadata()));
    ClassicMember converted =
        new ClassicMember(
            member.id(),
            metadata.instanceId().orElse(null),
            metadata.clientId(),
            metadata.clientHost(),
            metadata.rebalanceTimeoutMs(),
            own.sessionTimeoutMs(),
            protocols);
    converted.assignment(
        EmbeddedProtocol.bytes(
            member.assignedByName(image.get()),
            EmbeddedProtocol.version(own.protocols().getFirst().metadata())));
    return converted;
  }
}
