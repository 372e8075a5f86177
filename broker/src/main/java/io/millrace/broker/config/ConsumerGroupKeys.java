package io.millrace.broker.config;

import static io.millrace.broker.config.KeyDeclaration.int32;
import static io.millrace.broker.config.KeyDeclaration.list;
import static io.millrace.broker.config.KeyDeclaration.text;

import java.util.List;

/** Groups of the consumer protocol (KIP-848). */
public final class ConsumerGroupKeys {
  public static final ConfigKey<List<String>> REBALANCE_PROTOCOLS =
      list("group.coordinator.rebalance.protocols", "classic,consumer,streams")
          .oneOf("consumer", "classic", "share", "streams")
          .inForce(
              "Group protocols that are served; there are no share and streams groups in this"
                  + " version.");
  public static final ConfigKey<Integer> ASSIGNMENT_INTERVAL_MS =
      int32("group.consumer.assignment.interval.ms", 1000)
          .atLeast(0)
          .clusterWide()
          .inForce("Least time between two assignments of a group.");
  public static final ConfigKey<Integer> MIN_ASSIGNMENT_INTERVAL_MS =
      int32("group.consumer.min.assignment.interval.ms", 0)
          .atLeast(0)
          .inForce("Least time between assignments a group may set.");
  public static final ConfigKey<Integer> MAX_ASSIGNMENT_INTERVAL_MS =
      int32("group.consumer.max.assignment.interval.ms", 15000)
          .atLeast(0)
          .inForce("Most time between assignments a group may set.");
  public static final ConfigKey<List<String>> ASSIGNORS =
      list("group.consumer.assignors", "uniform,range")
          .oneOf("uniform", "range")
          .inForce("Assignors of the broker that members may ask for, the default first.");
  public static final ConfigKey<Integer> HEARTBEAT_INTERVAL_MS =
      int32("group.consumer.heartbeat.interval.ms", 5000)
          .atLeast(1)
          .inForce("Time between heartbeats of a member.");
  public static final ConfigKey<Integer> MIN_HEARTBEAT_INTERVAL_MS =
      int32("group.consumer.min.heartbeat.interval.ms", 5000)
          .atLeast(1)
          .inForce("Least time between heartbeats a group may set.");
  public static final ConfigKey<Integer> MAX_HEARTBEAT_INTERVAL_MS =
      int32("group.consumer.max.heartbeat.interval.ms", 15000)
          .atLeast(1)
          .inForce("Most time between heartbeats a group may set.");
  public static final ConfigKey<Integer> SESSION_TIMEOUT_MS =
      int32("group.consumer.session.timeout.ms", 45000)
          .atLeast(1)
          .inForce("Silence after which a member is out.");
  public static final ConfigKey<Integer> MIN_SESSION_TIMEOUT_MS =
      int32("group.consumer.min.session.timeout.ms", 45000)
          .atLeast(1)
          .inForce("Shortest session timeout a group may set.");
  public static final ConfigKey<Integer> MAX_SESSION_TIMEOUT_MS =
      int32("group.consumer.max.session.timeout.ms", 60000)
          .atLeast(1)
          .inForce("Longest session timeout a group may set.");
  public static final ConfigKey<Integer> MAX_SIZE =
      int32("group.consumer.max.size", Integer.MAX_VALUE)
          .atLeast(1)
          .inForce("Most members of a group.");
  public static final ConfigKey<String> MIGRATION_POLICY =
      text("group.consumer.migration.policy", "bidirectional")
          .oneOfIgnoringCase("DISABLED", "DOWNGRADE", "UPGRADE", "BIDIRECTIONAL")
          .inForce("Which protocol changes a live group may make.");
  public static final ConfigKey<Integer> REGEX_REFRESH_INTERVAL_MS =
      int32("group.consumer.regex.refresh.interval.ms", 600000)
          .atLeast(10000)
          .internal()
          .accepted(Reasons.MATCHED_AT_ONCE, "How often subscribed patterns are matched again.");

  static final List<ConfigKey<?>> ALL =
      List.of(
          REBALANCE_PROTOCOLS,
          ASSIGNMENT_INTERVAL_MS,
          MIN_ASSIGNMENT_INTERVAL_MS,
          MAX_ASSIGNMENT_INTERVAL_MS,
          ASSIGNORS,
          HEARTBEAT_INTERVAL_MS,
          MIN_HEARTBEAT_INTERVAL_MS,
          MAX_HEARTBEAT_INTERVAL_MS,
          SESSION_TIMEOUT_MS,
          MIN_SESSION_TIMEOUT_MS,
          MAX_SESSION_TIMEOUT_MS,
          MAX_SIZE,
          MIGRATION_POLICY,
          REGEX_REFRESH_INTERVAL_MS);

  private ConsumerGroupKeys() {}
}
