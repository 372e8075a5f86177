package io.millrace.broker.config;

import java.util.List;

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
    if (directories.size() > 1) {
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
    if (!values.get(MillraceKeys.WAL_SYNC).equals(MillraceKeys.SYNC_ALWAYS)) {
      notices.add(
          "wal.sync="
              + values.get(MillraceKeys.WAL_SYNC)
              + ": acknowledged records may be lost when the machine loses power.");
    }
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
