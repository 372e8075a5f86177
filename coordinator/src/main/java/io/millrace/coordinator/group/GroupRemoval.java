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
import io.millrace.storage.WallClockWatch;
import io.millrace.storage.metadata.MetadataImage;
import java.util.ArrayDeque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * Takes groups and offsets away: on order, with their topic, and because nobody has used them for
 * long, which is not believed for a while after the wall clock jumped. A group goes when it has
 * neither members nor offsets.
 */
final class GroupRemoval {
  /** A step ends with the group that brings it here. */
  static final int RECORDS_PER_STEP = 10_000;

  private static final int GROUPS_PER_STEP = 1_000;

  private final ClassicGroups classic;
  private final ConsumerGroups consumer;
  private final Offsets offsets;
  private final OffsetRemoval removal;
  private final Clock clock;
  private final Supplier<MetadataImage> image;
  private final WallClockWatch wallClock;

  /** Groups whose offsets are still to be looked at. */
  private final ArrayDeque<String> unseen = new ArrayDeque<>();

  private boolean expiring;

  /** Of the wall clock when it was found to be steady: it may jump before the last step. */
  private long expiryMs;

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
    this.wallClock = new WallClockWatch(clock, "No committed offsets expire");
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
    if (group == null && present == null && offsets.isEmpty(groupId)) {
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

  /** Begins to look for offsets of topics that are gone. */
  void beginSweep() {
    Set<String> ids = new LinkedHashSet<>(offsets.groupIds());
    classic.all().forEach(group -> ids.add(group.groupId()));
    consumer.all().forEach(group -> ids.add(group.groupId()));
    unseen.clear();
    unseen.addAll(ids);
  }

  /**
   * The same, and for what is older than the retention time and groups of which nothing is left.
   */
  void beginExpiry() {
    expiring = wallClock.steady();
    expiryMs = clock.wallMs();
    beginSweep();
  }

  /**
   * Goes on looking, group by group.
   *
   * @return whether there is more to look at, in another event
   */
  boolean step(Outbox out) {
    out.recordsStandApart();
    for (int seen = 0; !unseen.isEmpty(); seen++) {
      if (out.size() >= RECORDS_PER_STEP || seen == GROUPS_PER_STEP) {
        return true;
      }
      sweep(unseen.remove(), out);
    }
    expiring = false;
    return false;
  }

  private void sweep(String groupId, Outbox out) {
    removal.removeOfAbsentTopics(groupId, image.get().topics().keySet(), out);
    if (!expiring) {
      return;
    }
    ConsumerGroup present = consumer.get(groupId);
    if (present != null) {
      expire(present, out);
    } else {
      expire(groupId, classic.get(groupId), out);
    }
  }

  private void expire(ConsumerGroup group, Outbox out) {
    Set<String> inUse = group.subscribedTopics();
    removal.expire(group.groupId(), -1, inUse::contains, expiryMs, out);
    if (group.isEmpty() && offsets.isEmpty(group.groupId())) {
      consumer.remove(group, out);
    }
  }

  private void expire(String groupId, @Nullable ClassicGroup group, Outbox out) {
    if (group == null || group.protocolType() == null) {
      removal.expire(groupId, -1, topic -> false, expiryMs, out);
    } else if (group.is(ClassicState.EMPTY)) {
      removal.expire(groupId, group.stateSinceMs(), topic -> false, expiryMs, out);
    } else if (group.is(ClassicState.STABLE)) {
      group
          .subscribedTopics()
          .ifPresent(inUse -> removal.expire(groupId, -1, inUse::contains, expiryMs, out));
    }
    if (group != null && group.is(ClassicState.EMPTY) && offsets.isEmpty(groupId)) {
      classic.remove(group, out);
    }
  }
}
