package io.millrace.broker.config;

import static io.millrace.broker.config.KeyDeclaration.flag;
import static io.millrace.broker.config.KeyDeclaration.int32;
import static io.millrace.broker.config.KeyDeclaration.text;

import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Keys of groups, each with the broker key behind it, if there is one. */
final class GroupConfigKeys {
  static final ConfigKey<Integer> CONSUMER_SESSION_TIMEOUT_MS =
      int32("consumer.session.timeout.ms", 45000)
          .atLeast(1)
          .inForce("Silence after which a member of a consumer group is removed.");
  static final ConfigKey<Integer> CONSUMER_HEARTBEAT_INTERVAL_MS =
      int32("consumer.heartbeat.interval.ms", 5000)
          .atLeast(1)
          .inForce("Time between heartbeats that members of a consumer group are told.");
  static final ConfigKey<Integer> CONSUMER_ASSIGNMENT_INTERVAL_MS =
      int32("consumer.assignment.interval.ms", 1000)
          .atLeast(0)
          .inForce("Least time between two assignments of a consumer group.");

  private static final List<ConfigKey<?>> OTHERS =
      List.of(
          int32("share.session.timeout.ms", 45000)
              .atLeast(1)
              .accepted(Reasons.SHARE_LATER, "Silence after which a member is removed."),
          int32("share.heartbeat.interval.ms", 5000)
              .atLeast(1)
              .accepted(Reasons.SHARE_LATER, "Time between heartbeats that members are told."),
          int32("share.assignment.interval.ms", 1000)
              .atLeast(0)
              .accepted(Reasons.SHARE_LATER, "Least time between two assignments."),
          text("share.auto.offset.reset", "latest")
              .takes(new Range.OffsetReset())
              .accepted(Reasons.SHARE_LATER, "Where a group begins on a partition."),
          int32("share.delivery.count.limit", 5)
              .atLeast(2)
              .accepted(Reasons.SHARE_LATER, "Most deliveries of a record."),
          text("share.isolation.level", "read_uncommitted")
              .oneOf("read_committed", "read_uncommitted")
              .accepted(Reasons.SHARE_LATER, "Whether aborted records are delivered."),
          int32("share.partition.max.record.locks", 2000)
              .atLeast(100)
              .accepted(Reasons.SHARE_LATER, "Most records locked in a partition."),
          int32("share.record.lock.duration.ms", 30000)
              .atLeast(1000)
              .accepted(Reasons.SHARE_LATER, "How long a delivered record is locked."),
          flag("share.renew.acknowledge.enable", true)
              .accepted(Reasons.SHARE_LATER, "Whether a lock can be renewed."),
          int32("streams.session.timeout.ms", 45000)
              .atLeast(1)
              .accepted(Reasons.STREAMS_LATER, "Silence after which a member is removed."),
          int32("streams.heartbeat.interval.ms", 5000)
              .atLeast(1)
              .accepted(Reasons.STREAMS_LATER, "Time between heartbeats that members are told."),
          int32("streams.assignment.interval.ms", 1000)
              .atLeast(0)
              .accepted(Reasons.STREAMS_LATER, "Least time between two assignments."),
          int32("streams.initial.rebalance.delay.ms", 3000)
              .atLeast(0)
              .accepted(Reasons.STREAMS_LATER, "How long a new group waits for members."),
          int32("streams.num.standby.replicas", 0)
              .atLeast(0)
              .accepted(Reasons.STREAMS_LATER, "Standby replicas of each task."));

  private static final Map<String, ConfigKey<?>> BY_NAME = byName();

  private GroupConfigKeys() {}

  private static Map<String, ConfigKey<?>> byName() {
    Map<String, ConfigKey<?>> keys = new TreeMap<>();
    for (ConfigKey<?> key :
        List.of(
            CONSUMER_SESSION_TIMEOUT_MS,
            CONSUMER_HEARTBEAT_INTERVAL_MS,
            CONSUMER_ASSIGNMENT_INTERVAL_MS)) {
      keys.put(key.name(), key);
    }
    OTHERS.forEach(key -> keys.put(key.name(), key));
    return Collections.unmodifiableMap(keys);
  }

  /** Sorted by name. */
  static Collection<ConfigKey<?>> all() {
    return BY_NAME.values();
  }

  /** Null if there is none of this name. */
  static @Nullable ConfigKey<?> find(String name) {
    return BY_NAME.get(name);
  }

  /** The broker key that gives a group its value where it says none itself. */
  static Optional<ConfigKey<?>> behind(ConfigKey<?> key) {
    return Optional.ofNullable(BrokerKeys.find("group." + key.name()));
  }

  /** The broker key that says how small a group's value may be. */
  static Optional<ConfigKey<?>> least(ConfigKey<?> key) {
    return bound(key, "min");
  }

  /** The broker key that says how large a group's value may be. */
  static Optional<ConfigKey<?>> most(ConfigKey<?> key) {
    return key.name().equals("streams.num.standby.replicas")
        ? Optional.ofNullable(BrokerKeys.find("group.streams.max.standby.replicas"))
        : bound(key, "max");
  }

  private static Optional<ConfigKey<?>> bound(ConfigKey<?> key, String end) {
    int dot = key.name().indexOf('.');
    return Optional.ofNullable(
        BrokerKeys.find(
            "group.%s.%s%s"
                .formatted(key.name().substring(0, dot), end, key.name().substring(dot))));
  }
}
