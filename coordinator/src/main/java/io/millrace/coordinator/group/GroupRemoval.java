package io.millrace.coordinator.group;

import io.millrace.coordinator.Outbox;
import io.millrace.coordinator.group.GroupShard.DeletedOffsets;
import io.millrace.coordinator.group.GroupShard.TopicSlot;
import io.millrace.coordinator.group.classic.ClassicGroup;
import io.millrace.coordinator.group.classic.ClassicGroups;
import io.millrace.coordinator.group.classic.ClassicState;
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
  private final Offsets offsets;
  private final OffsetRemoval removal;
  private final Clock clock;
  private final Supplier<MetadataImage> image;

  GroupRemoval(
      ClassicGroups classic,
      Offsets offsets,
      OffsetRemoval removal,
      Clock clock,
      Supplier<MetadataImage> image) {
    this.classic = classic;
    this.offsets = offsets;
    this.removal = removal;
    this.clock = clock;
    this.image = image;
  }

  Errors delete(String groupId, Outbox out) {
    ClassicGroup group = classic.get(groupId);
    if (group == null && offsets.isEmpty(groupId)) {
      return Errors.GROUP_ID_NOT_FOUND;
    }
    if (group != null && !group.is(ClassicState.EMPTY)) {
      return Errors.NON_EMPTY_GROUP;
    }
    removal.removeAll(groupId, out);
    if (group != null) {
      classic.remove(group, out);
    }
    return Errors.NONE;
  }

  DeletedOffsets deleteOffsets(String groupId, List<TopicSlot> slots, Outbox out) {
    ClassicGroup group = classic.get(groupId);
    if (group == null && !offsets.has(groupId)) {
      return new DeletedOffsets(Errors.GROUP_ID_NOT_FOUND, List.of());
    }
    Set<String> inUse = Set.of();
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
