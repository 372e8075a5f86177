package io.millrace.broker.config;

import static io.millrace.broker.config.KeyDeclaration.flag;
import static io.millrace.broker.config.KeyDeclaration.int32;
import static io.millrace.broker.config.KeyDeclaration.text;

import java.util.List;

/** How the brokers that share a store deal with each other. */
public final class ClusterKeys {
  public static final ConfigKey<Integer> HEARTBEAT_INTERVAL_MS =
      int32("broker.heartbeat.interval.ms", 2000)
          .atLeast(1)
          .inForce(
              "Time between heartbeats to each other broker, and between looks at the shared"
                  + " metadata. Without effect for a broker on its own.");
  public static final ConfigKey<Integer> SESSION_TIMEOUT_MS =
      int32("broker.session.timeout.ms", 9000)
          .atLeast(1)
          .inForce(
              "A broker that is silent for so long, or whose store is, is suspected and may be"
                  + " fenced; more than two heartbeat intervals. Without effect for a broker on its"
                  + " own.");
  public static final ConfigKey<String> INTER_BROKER_LISTENER_NAME =
      text("inter.broker.listener.name")
          .inForce(
              "Listener whose advertised address other brokers use; the first one by default.");
  public static final ConfigKey<Boolean> AUTO_LEADER_REBALANCE =
      flag("auto.leader.rebalance.enable", true)
          .inForce(
              "Whether leadership moves to the first replica, and spreads when brokers come or go,"
                  + " by itself.");

  static final List<ConfigKey<?>> ALL =
      List.of(
          HEARTBEAT_INTERVAL_MS,
          SESSION_TIMEOUT_MS,
          INTER_BROKER_LISTENER_NAME,
          AUTO_LEADER_REBALANCE);

  private ClusterKeys() {}
}
