package io.millrace.broker.config;

import io.millrace.objectstore.location.StoreLocation;
import io.millrace.objectstore.s3.S3Endpoint;
import java.util.List;
import java.util.Optional;

/** What must hold between keys, listeners aside. */
final class ConfigRules {
  private ConfigRules() {}

  static void check(ConfigValues values, List<ConfigProblem> problems, List<String> notices) {
    int brokerId = values.get(NodeKeys.BROKER_ID);
    if (values.isSet(NodeKeys.NODE_ID)
        && brokerId >= 0
        && brokerId != values.get(NodeKeys.NODE_ID)) {
      problems.add(
          new ConfigProblem(
              values.where(NodeKeys.BROKER_ID),
              "broker.id="
                  + brokerId
                  + " and node.id="
                  + values.get(NodeKeys.NODE_ID)
                  + " name different nodes; keep node.id only"));
    }
    List<String> directories =
        values.find(NodeKeys.LOG_DIRS).orElseGet(() -> values.get(NodeKeys.LOG_DIR));
    if (directories.size() > 1 && !values.isSet(MillraceKeys.STORE)) {
      notices.add(
          "of "
              + directories.size()
              + " data directories only "
              + directories.getFirst()
              + " is used: there is one write-ahead log.");
    }
    checkRetention(values, problems);
    checkTopicDefaults(values, problems);
    checkOrder(
        values, problems, GroupKeys.MIN_SESSION_TIMEOUT_MS, GroupKeys.MAX_SESSION_TIMEOUT_MS);
    String perIp = values.get(NetworkKeys.MAX_CONNECTIONS_PER_IP_OVERRIDES);
    String perIpProblem = HostLimits.problem(perIp);
    if (perIpProblem != null) {
      problems.add(
          new ConfigProblem(
              values.where(NetworkKeys.MAX_CONNECTIONS_PER_IP_OVERRIDES),
              NetworkKeys.MAX_CONNECTIONS_PER_IP_OVERRIDES + "=" + perIp + ": " + perIpProblem));
    }
    checkStore(values, problems, notices);
    if (values.get(ClusterKeys.SESSION_TIMEOUT_MS)
        <= 2L * values.get(ClusterKeys.HEARTBEAT_INTERVAL_MS)) {
      problems.add(
          new ConfigProblem(
              values.where(
                  values.isSet(ClusterKeys.SESSION_TIMEOUT_MS)
                      ? ClusterKeys.SESSION_TIMEOUT_MS
                      : ClusterKeys.HEARTBEAT_INTERVAL_MS),
              "broker.session.timeout.ms="
                  + values.get(ClusterKeys.SESSION_TIMEOUT_MS)
                  + " is not above twice broker.heartbeat.interval.ms="
                  + values.get(ClusterKeys.HEARTBEAT_INTERVAL_MS)));
    }
    if (!values.isSet(MillraceKeys.STORE)
        && !values.get(MillraceKeys.WAL_SYNC).equals(MillraceKeys.SYNC_ALWAYS)) {
      notices.add(
          "wal.sync="
              + values.get(MillraceKeys.WAL_SYNC)
              + ": acknowledged records may be lost when the machine loses power.");
    }
  }

  private static void checkStore(
      ConfigValues values, List<ConfigProblem> problems, List<String> notices) {
    Optional<String> store = values.find(MillraceKeys.STORE);
    if (store.isEmpty()) {
      return;
    }
    try {
      location(values, store.get());
    } catch (IllegalArgumentException e) {
      problems.add(
          new ConfigProblem(
              values.where(MillraceKeys.STORE),
              MillraceKeys.STORE + "=" + store.get() + ": " + e.getMessage()));
    }
    for (ConfigKey<?> key : List.of(NodeKeys.LOG_DIRS, NodeKeys.LOG_DIR)) {
      if (values.isSet(key)) {
        String where = values.where(key);
        notices.add(
            (where.equals("--data") ? where : key.name())
                + " is not used: with store="
                + store.get()
                + " nothing is kept on this machine's own disk.");
      }
    }
  }

  /** Throws IllegalArgumentException that says what is wrong. */
  static StoreLocation location(ConfigValues values, String store) {
    return StoreLocation.parse(
        store,
        S3Endpoint.of(
            values.get(MillraceKeys.STORE_S3_ENDPOINT),
            values.get(MillraceKeys.STORE_S3_REGION),
            values.get(MillraceKeys.STORE_S3_PATH_STYLE)));
  }

  private static void checkRetention(ConfigValues values, List<ConfigProblem> problems) {
    for (ConfigKey<? extends Number> key :
        List.of(LogKeys.RETENTION_MS, LogKeys.RETENTION_MINUTES, LogKeys.RETENTION_HOURS)) {
      if (values.isSet(key) && values.get(key).longValue() == 0) {
        problems.add(
            new ConfigProblem(
                values.where(key),
                key + "=0: records need some time; use -1 to keep them for ever"));
      }
    }
  }

  /** What the broker gives topics must be what a topic could say itself. */
  private static void checkTopicDefaults(ConfigValues values, List<ConfigProblem> problems) {
    for (TopicKeys.TopicKey<?> topicKey : TopicKeys.all()) {
      for (TopicKeys.BehindIt behind : topicKey.behindIt()) {
        Setting setting = values.setting(behind.brokerKey().name());
        if (setting != null && topicKey.key().problem(behind.topicText(setting.value())) != null) {
          problems.add(
              new ConfigProblem(
                  setting.where(),
                  setting.key()
                      + "="
                      + setting.value()
                      + ": expected "
                      + topicKey.key().rangeText()));
        }
      }
    }
  }

  private static void checkOrder(
      ConfigValues values,
      List<ConfigProblem> problems,
      ConfigKey<Integer> smaller,
      ConfigKey<Integer> larger) {
    if (values.get(smaller) > values.get(larger)) {
      problems.add(
          new ConfigProblem(
              values.where(values.isSet(smaller) ? smaller : larger),
              smaller
                  + "="
                  + values.get(smaller)
                  + " is above "
                  + larger
                  + "="
                  + values.get(larger)));
    }
  }
}
