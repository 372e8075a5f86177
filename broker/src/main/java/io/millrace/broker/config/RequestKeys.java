package io.millrace.broker.config;

import static io.millrace.broker.config.KeyDeclaration.flag;
import static io.millrace.broker.config.KeyDeclaration.int32;

import java.util.List;

/** How single APIs behave. */
public final class RequestKeys {
  public static final ConfigKey<Integer> FETCH_MAX_BYTES =
      int32("fetch.max.bytes", 57671680)
          .atLeast(1024)
          .inForce("Most bytes of records in one fetch response.");
  public static final ConfigKey<Integer> FETCH_SESSIONS_MAX =
      int32("max.incremental.fetch.session.cache.slots", 1000)
          .atLeast(0)
          .inForce("Fetch sessions kept; beyond them clients send full requests.");
  public static final ConfigKey<Integer> REQUEST_PARTITIONS_MAX =
      int32("max.request.partition.size.limit", 2000)
          .atLeast(1)
          .inForce("Most partitions in one DescribeTopicPartitions response.");
  public static final ConfigKey<Boolean> AUTO_CREATE_TOPICS =
      flag("auto.create.topics.enable", true)
          .inForce("Whether a metadata request for an absent topic may create it.");
  public static final ConfigKey<Boolean> DELETE_TOPIC_ENABLE =
      flag("delete.topic.enable", true).inForce("Whether topics can be deleted.");
  public static final ConfigKey<Integer> NUM_PARTITIONS =
      int32("num.partitions", 1)
          .atLeast(1)
          .inForce("Partitions of a topic that is created without saying how many.");
  public static final ConfigKey<Integer> DEFAULT_REPLICATION_FACTOR =
      int32("default.replication.factor", 1)
          .inForce("Replica list length of a topic that is created without saying it.");

  static final List<ConfigKey<?>> ALL =
      List.of(
          FETCH_MAX_BYTES,
          FETCH_SESSIONS_MAX,
          REQUEST_PARTITIONS_MAX,
          AUTO_CREATE_TOPICS,
          DELETE_TOPIC_ENABLE,
          NUM_PARTITIONS,
          DEFAULT_REPLICATION_FACTOR);

  private RequestKeys() {}
}
