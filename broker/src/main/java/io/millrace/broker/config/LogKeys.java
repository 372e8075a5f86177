package io.millrace.broker.config;

import static io.millrace.broker.config.KeyDeclaration.decimal;
import static io.millrace.broker.config.KeyDeclaration.flag;
import static io.millrace.broker.config.KeyDeclaration.int32;
import static io.millrace.broker.config.KeyDeclaration.int64;
import static io.millrace.broker.config.KeyDeclaration.list;
import static io.millrace.broker.config.KeyDeclaration.text;

import java.util.List;

/** What topics get that do not say otherwise; {@link TopicKeys} names the topic's key for each. */
public final class LogKeys {
  public static final ConfigKey<Integer> MESSAGE_MAX_BYTES =
      int32("message.max.bytes", 1048588)
          .atLeast(0)
          .clusterWide()
          .inForce("Largest record batch, as it is sent.");
  public static final ConfigKey<String> TIMESTAMP_TYPE =
      text("log.message.timestamp.type", "CreateTime")
          .oneOf("CreateTime", "LogAppendTime")
          .clusterWide()
          .inForce("Whether records keep the producer's time or get the broker's.");
  public static final ConfigKey<Long> TIMESTAMP_BEFORE_MAX_MS =
      int64("log.message.timestamp.before.max.ms", Long.MAX_VALUE)
          .atLeast(0)
          .unit("ms")
          .clusterWide()
          .inForce("How far a producer's timestamp may lie in the past.");
  public static final ConfigKey<Long> TIMESTAMP_AFTER_MAX_MS =
      int64("log.message.timestamp.after.max.ms", 3600000)
          .atLeast(0)
          .clusterWide()
          .inForce("How far a producer's timestamp may lie in the future.");
  public static final ConfigKey<String> COMPRESSION_TYPE =
      text("compression.type", "producer")
          .oneOf("uncompressed", "zstd", "lz4", "snappy", "gzip", "producer")
          .clusterWide()
          .inForce("Codec that batches are stored with; \"producer\" keeps each as it came.");
  public static final ConfigKey<Integer> GZIP_LEVEL =
      int32("compression.gzip.level", -1)
          .takes(new Range.GzipLevels())
          .clusterWide()
          .inForce("Level of gzip when compression.type says gzip and a batch came otherwise.");
  public static final ConfigKey<Integer> LZ4_LEVEL =
      int32("compression.lz4.level", 9)
          .between(1, 17)
          .clusterWide()
          .inForce("Level of lz4 when compression.type says lz4 and a batch came otherwise.");
  public static final ConfigKey<Integer> ZSTD_LEVEL =
      int32("compression.zstd.level", 3)
          .between(-131072, 22)
          .clusterWide()
          .inForce("Level of zstd when compression.type says zstd and a batch came otherwise.");
  public static final ConfigKey<Integer> MIN_INSYNC_REPLICAS =
      int32("min.insync.replicas", 1)
          .atLeast(1)
          .clusterWide()
          .accepted(Reasons.NO_REPLICATION, "Copies that acks=all waits for.");

  public static final ConfigKey<List<String>> CLEANUP_POLICY =
      list("log.cleanup.policy", "delete")
          .oneOf("compact", "delete")
          .clusterWide()
          .inForce(
              "Whether of each key the newest record stays, records go by age and size, or both.");
  public static final ConfigKey<Long> RETENTION_MS =
      int64("log.retention.ms")
          .clusterWide()
          .inForce("Age after which records may go; -1 for never.");
  public static final ConfigKey<Integer> RETENTION_MINUTES =
      int32("log.retention.minutes").inForce("The same in minutes, if log.retention.ms is unset.");
  public static final ConfigKey<Integer> RETENTION_HOURS =
      int32("log.retention.hours", 168).inForce("The same in hours, if the other two are unset.");
  public static final ConfigKey<Long> RETENTION_BYTES =
      int64("log.retention.bytes", -1)
          .clusterWide()
          .inForce("Size of a partition above which its oldest records may go; -1 for no limit.");
  public static final ConfigKey<Long> RETENTION_CHECK_INTERVAL_MS =
      int64("log.retention.check.interval.ms", 300000)
          .atLeast(1)
          .inForce("How often it is checked which records may go; a change of a config at once.");
  public static final ConfigKey<Long> LOCAL_RETENTION_MS =
      int64("log.local.retention.ms", -2)
          .atLeast(-2)
          .clusterWide()
          .accepted(Reasons.NO_TIERS, "Age up to which tiered records stay on local disks.");
  public static final ConfigKey<Long> LOCAL_RETENTION_BYTES =
      int64("log.local.retention.bytes", -2)
          .atLeast(-2)
          .clusterWide()
          .accepted(Reasons.NO_TIERS, "Bytes of tiered records that stay on local disks.");
  public static final ConfigKey<Long> DELETE_RETENTION_MS =
      int64("log.cleaner.delete.retention.ms", 86400000)
          .atLeast(0)
          .clusterWide()
          .inForce("How long a tombstone stays once compaction has seen it.");
  public static final ConfigKey<Long> MIN_COMPACTION_LAG_MS =
      int64("log.cleaner.min.compaction.lag.ms", 0)
          .atLeast(0)
          .clusterWide()
          .inForce("Age below which records are not compacted.");
  public static final ConfigKey<Long> MAX_COMPACTION_LAG_MS =
      int64("log.cleaner.max.compaction.lag.ms", Long.MAX_VALUE)
          .atLeast(1)
          .clusterWide()
          .inForce("Age by which records are compacted, however few they are.");
  public static final ConfigKey<Double> MIN_CLEANABLE_RATIO =
      decimal("log.cleaner.min.cleanable.ratio", 0.5)
          .between(0, 1)
          .clusterWide()
          .inForce("Share of a partition that was never compacted above which it is.");
  public static final ConfigKey<Integer> SEGMENT_BYTES =
      int32("log.segment.bytes", 1073741824)
          .atLeast(1048576)
          .clusterWide()
          .inForce("Bytes of a compacted partition that rest in the log; there are no segments.");
  public static final ConfigKey<Long> ROLL_MS =
      int64("log.roll.ms")
          .clusterWide()
          .inForce("Age to which records of a compacted topic rest; there are no segments.");
  public static final ConfigKey<Integer> ROLL_HOURS =
      int32("log.roll.hours", 168)
          .atLeast(1)
          .inForce("The same in hours, if log.roll.ms is unset.");
  public static final ConfigKey<Long> ROLL_JITTER_MS =
      int64("log.roll.jitter.ms")
          .clusterWide()
          .accepted(Reasons.NO_SEGMENTS, "Chance taken off the age at which a segment closes.");
  public static final ConfigKey<Integer> ROLL_JITTER_HOURS =
      int32("log.roll.jitter.hours", 0)
          .atLeast(0)
          .accepted(Reasons.NO_SEGMENTS, "The same in hours, if log.roll.jitter.ms is unset.");
  public static final ConfigKey<Integer> INDEX_SIZE_MAX_BYTES =
      int32("log.index.size.max.bytes", 10485760)
          .atLeast(4)
          .clusterWide()
          .accepted(Reasons.NO_SEGMENTS, "Size of a segment's index file.");
  public static final ConfigKey<Integer> INDEX_INTERVAL_BYTES =
      int32("log.index.interval.bytes", 4096)
          .atLeast(0)
          .clusterWide()
          .accepted(Reasons.NO_SEGMENTS, "Bytes of records between two index entries.");
  public static final ConfigKey<Long> SEGMENT_DELETE_DELAY_MS =
      int64("log.segment.delete.delay.ms", 60000)
          .atLeast(0)
          .clusterWide()
          .accepted(Reasons.NO_SEGMENTS, "Time between giving up a segment file and deleting it.");
  public static final ConfigKey<Boolean> PREALLOCATE =
      flag("log.preallocate", false)
          .clusterWide()
          .accepted(Reasons.NO_SEGMENTS, "Whether a segment file takes its full size at once.");
  public static final ConfigKey<Long> FLUSH_INTERVAL_MESSAGES =
      int64("log.flush.interval.messages", Long.MAX_VALUE)
          .atLeast(1)
          .clusterWide()
          .accepted(Reasons.NO_FLUSH, "Records of a partition after which it is synced.");
  public static final ConfigKey<Long> FLUSH_INTERVAL_MS =
      int64("log.flush.interval.ms")
          .clusterWide()
          .accepted(Reasons.NO_FLUSH, "Time after which a partition's new records are synced.");
  public static final ConfigKey<Long> FLUSH_SCHEDULER_INTERVAL_MS =
      int64("log.flush.scheduler.interval.ms", Long.MAX_VALUE)
          .accepted(Reasons.NO_FLUSH, "How often it is checked whether a partition is due.");
  public static final ConfigKey<Boolean> UNCLEAN_LEADER_ELECTION =
      flag("unclean.leader.election.enable", false)
          .clusterWide()
          .accepted(
              Reasons.NO_REPLICATION, "Whether a replica that lacks records may become leader.");

  static final List<ConfigKey<?>> ALL =
      List.of(
          MESSAGE_MAX_BYTES,
          TIMESTAMP_TYPE,
          TIMESTAMP_BEFORE_MAX_MS,
          TIMESTAMP_AFTER_MAX_MS,
          COMPRESSION_TYPE,
          GZIP_LEVEL,
          LZ4_LEVEL,
          ZSTD_LEVEL,
          MIN_INSYNC_REPLICAS,
          CLEANUP_POLICY,
          RETENTION_MS,
          RETENTION_MINUTES,
          RETENTION_HOURS,
          RETENTION_BYTES,
          RETENTION_CHECK_INTERVAL_MS,
          LOCAL_RETENTION_MS,
          LOCAL_RETENTION_BYTES,
          DELETE_RETENTION_MS,
          MIN_COMPACTION_LAG_MS,
          MAX_COMPACTION_LAG_MS,
          MIN_CLEANABLE_RATIO,
          SEGMENT_BYTES,
          ROLL_MS,
          ROLL_HOURS,
          ROLL_JITTER_MS,
          ROLL_JITTER_HOURS,
          INDEX_SIZE_MAX_BYTES,
          INDEX_INTERVAL_BYTES,
          SEGMENT_DELETE_DELAY_MS,
          PREALLOCATE,
          FLUSH_INTERVAL_MESSAGES,
          FLUSH_INTERVAL_MS,
          FLUSH_SCHEDULER_INTERVAL_MS,
          UNCLEAN_LEADER_ELECTION);

  private LogKeys() {}
}
