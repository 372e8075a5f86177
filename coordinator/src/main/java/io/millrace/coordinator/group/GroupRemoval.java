package io.millrace.coordinator.group;

import io.millrace.coordinator.Outbox;
import io.millrace.coordinator.group.GroupShard.DeletedOffsets;
import io.millrace.coordinator.group.GroupShard.TopicSlot;
import io.millrace.coordinator.group.classic.ClassicGroup;
import io.millrace.coordinator.group.classic.ClassicGroups;
import io.millrace.coordinator.group.classic.ClassicState;
import io.millrace.coordinator.group.consumer.ConsumerGroup;
import io.millrace.coordinator.group.consumer.ConsumerGroups;
import io.millrace.coordinator.group.offset.OffsetRemoval;
import io.millrace.coordinator.group.offset.Offsets;
import io.millrace.runtime.Clock;
import io.millrace.storage.metadata.MetadataImage;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.kafka.common.protocol.Errors;

/**
 * Takes groups and offsets away: on order, and because nobody has used them for long. A group goes
 * when it has neither members nor offsets.
 */
final class GroupRemoval {
  private final ClassicGroups classic;
  private final ConsumerGroups consumer;
  private final Offsets offsets;
  private final OffsetRemoval removal;
  private final Clock clock;
  private final Supplier<MetadataImage> image;

  GroupRemoval(
      ClassicGroups classic,
      ConsumerGroups consumer,
      Offsets offsets,
      OffsetRemoval removal,
      Clock clock,
      Supplier<MetadataImage> image) {
    this.classic = classic;
    this.consumer = consumer;
    this.offsets = offsets;
    this.removal = removal;
    this.clock = clock;
    this.image = image;
  }

  Errors delete(String groupId, Outbox out) {
    ClassicGroup group = classic.get(groupId);
    ConsumerGroup present = consumer.get(groupId);
    if (group == null && present == null && offsets.isEmpty(groupId)) {
      return Errors.GROUP_ID_NOT_FOUND;
    }
    if ((group != null && !group.is(ClassicState.EMPTY))
        || (present != null && !present.isEmpty())) {
      return Errors.NON_EMPTY_GROUP;
    }
    removal.removeAll(groupId, out);
    if (group != null) {
      classic.remove(group, out);
    }
    if (present != null) {
      consumer.remove(present, out);
    }
    return Errors.NONE;
  }

  DeletedOffsets deleteOffsets(String groupId, List<TopicSlot> slots, Outbox out) {
    ClassicGroup group = classic.get(groupId);
    ConsumerGroup present = consumer.get(groupId);
    if (group == null && present == null && !offsets.has(groupId)) {
      return new DeletedOffsets(Errors.GROUP_ID_NOT_FOUND, List.of());
    }
    Set<String> inUse = present == null ? Set.of() : present.subscribedTopics();
    if (group != null && !group.is(ClassicState.EMPTY)) {
      if (!group.isOfConsumers()) {
        return new DeletedOffsets(Errors.NON_EMPTY_GROUP, List.of());
      }
      inUse = group.subscribedTopics().orElse(Set.of());
    }
    Set<String> kept = inUse;
    List<Errors> errors =
        slots.stream()
            .map(slot -> {
              if (kept.contains(slot.topic())) {
                return Errors.GROUP_SUBSCRIBED_TO_TOPIC;
              }
              removal.remove(groupId, slot.topic(), slot.partition(), out);
              return Errors.NONE;
            })
            .toList();
    return new DeletedOffsets(Errors.NONE, errors);
  }

  /** Drops what is older than the retention time, and groups of which nothing is left. */
  void expire(Outbox out) {
    removal.removeOfAbsentTopics(image.get().topics().keySet(), out);
    long nowMs = clock.wallMs();
    Set<String> ids = new LinkedHashSet<>(offsets.groupIds());
    classic.all().forEach(group -> ids.add(group.groupId()));
    for (ConsumerGroup group : consumer.all()) {
      ids.remove(group.groupId());
      Set<String> inUse = group.subscribedTopics();
      removal.expire(group.groupId(), -1, inUse::contains, nowMs, out);
      if (group.isEmpty() && offsets.isEmpty(group.groupId())) {
        consumer.remove(group, out);
      }
    }
    for (String groupId : ids) {
      ClassicGroup group = classic.get(groupId);
      if (group == null || group.protocolType() == null) {
        removal.expire(groupId, -1, topic -> false, nowMs, out);
      } else if (group.is(ClassicState.EMPTY)) {
        removal.expire(groupId, group.stateSinceMs(), topic -> false, nowMs, out);
      } else if (group.is(ClassicState.STABLE)) {
        group
            .subscribedTopics()
            .ifPresent(inUse -> removal.expire(groupId, -1, inUse::contains, nowMs, out));
      }
      if (group != null && group.is(ClassicState.EMPTY) && offsets.isEmpty(groupId)) {
        classic.remove(group, out);
      }
    }
  }
}
