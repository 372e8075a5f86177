package io.millrace.broker.config;

import static io.millrace.broker.config.KeyDeclaration.int16;
import static io.millrace.broker.config.KeyDeclaration.int32;
import static io.millrace.broker.config.KeyDeclaration.int64;

import java.util.List;

/** Consumer groups, committed offsets and idempotent producers. */
public final class GroupKeys {
  public static final ConfigKey<Integer> MIN_SESSION_TIMEOUT_MS =
      int32("group.min.session.timeout.ms", 6000)
          .inForce("Shortest session timeout a member of a classic group may ask for.");
  public static final ConfigKey<Integer> MAX_SESSION_TIMEOUT_MS =
      int32("group.max.session.timeout.ms", 1800000)
          .inForce("Longest session timeout a member of a classic group may ask for.");
  public static final ConfigKey<Integer> INITIAL_REBALANCE_DELAY_MS =
      int32("group.initial.rebalance.delay.ms", 3000)
          .inForce("How long an empty classic group waits for more members before it begins.");
  public static final ConfigKey<Integer> MAX_SIZE =
      int32("group.max.size", Integer.MAX_VALUE)
          .atLeast(1)
          .inForce("Most members of a classic group.");
  public static final ConfigKey<Integer> OFFSET_METADATA_MAX_BYTES =
      int32("offset.metadata.max.bytes", 4096)
          .inForce("Longest metadata text of an offset commit.");
  public static final ConfigKey<Integer> OFFSETS_TOPIC_PARTITIONS =
      int32("offsets.topic.num.partitions", 50)
          .atLeast(1)
          .inForce("Partitions of __consumer_offsets when it is created.");
  public static final ConfigKey<Integer> OFFSETS_TOPIC_REPLICATION_FACTOR =
      int16("offsets.topic.replication.factor", 3)
          .atLeast(1)
          .inForce(
              "Most replicas in the lists of __consumer_offsets when it is created; as many as"
                  + " brokers live if that is fewer.");
  public static final ConfigKey<Integer> PRODUCER_ID_EXPIRATION_MS =
      int32("producer.id.expiration.ms", 86400000)
          .atLeast(1)
          .clusterWide()
          .inForce("Idle time after which a partition forgets a producer id.");
  public static final ConfigKey<Integer> PRODUCER_ID_CHECK_MS =
      int32("producer.id.expiration.check.interval.ms", 600000)
          .atLeast(1)
          .internal()
          .inForce("How often it is checked which producer ids are to be forgotten.");
  public static final ConfigKey<Integer> OFFSETS_RETENTION_MINUTES =
      int32("offsets.retention.minutes", 10080)
          .atLeast(1)
          .inForce("How long committed offsets are kept that no member of the group uses.");
  public static final ConfigKey<Long> OFFSETS_RETENTION_CHECK_MS =
      int64("offsets.retention.check.interval.ms", 600000)
          .atLeast(1)
          .inForce("How often it is checked which offsets expire.");

  static final List<ConfigKey<?>> ALL =
      List.of(
          MIN_SESSION_TIMEOUT_MS,
          MAX_SESSION_TIMEOUT_MS,
          INITIAL_REBALANCE_DELAY_MS,
          MAX_SIZE,
          OFFSET_METADATA_MAX_BYTES,
          OFFSETS_TOPIC_PARTITIONS,
          OFFSETS_TOPIC_REPLICATION_FACTOR,
          PRODUCER_ID_EXPIRATION_MS,
          PRODUCER_ID_CHECK_MS,
          OFFSETS_RETENTION_MINUTES,
          OFFSETS_RETENTION_CHECK_MS);

  private GroupKeys() {}
}
