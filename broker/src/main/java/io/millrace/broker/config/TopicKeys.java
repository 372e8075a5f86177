package io.millrace.broker.config;

import static io.millrace.broker.config.KeyDeclaration.decimal;
import static io.millrace.broker.config.KeyDeclaration.flag;
import static io.millrace.broker.config.KeyDeclaration.int32;
import static io.millrace.broker.config.KeyDeclaration.int64;
import static io.millrace.broker.config.KeyDeclaration.list;
import static io.millrace.broker.config.KeyDeclaration.text;

import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Keys of topics, each with the broker keys that give its value where the topic has none of its
 * own.
 */
public final class TopicKeys {
  private static final long HOUR_MS = 3600000;
  private static final long MINUTE_MS = 60000;

  /** A topic's key and, first to last, the broker keys behind it. */
  public record TopicKey<T>(ConfigKey<T> key, List<BehindIt> behindIt) {
    static <T> TopicKey<T> of(ConfigKey<T> key, ConfigKey<?>... brokerKeys) {
      return new TopicKey<>(key, Arrays.stream(brokerKeys).map(k -> new BehindIt(k, 1)).toList());
    }
  }

  /** A broker key whose value, times {@code factor}, is the topic key's. */
  public record BehindIt(ConfigKey<?> brokerKey, long factor) {
    /** The topic key's text; below zero there is no limit, whatever the unit. */
    String topicText(String brokerText) {
      if (brokerKey == LogKeys.RETENTION_MS || factor != 1) {
        long value = Long.parseLong(brokerText.trim());
        return Long.toString(value < 0 ? -1 : value * factor);
      }
      return brokerText;
    }
  }

  public static final TopicKey<Integer> MAX_MESSAGE_BYTES =
      TopicKey.of(
          int32("max.message.bytes", 1048588)
              .atLeast(0)
              .inForce("Largest record batch, as it is sent."),
          LogKeys.MESSAGE_MAX_BYTES);
  public static final TopicKey<String> TIMESTAMP_TYPE =
      TopicKey.of(
          text("message.timestamp.type", "CreateTime")
              .oneOf("CreateTime", "LogAppendTime")
              .inForce("Whether records keep the producer's time or get the broker's."),
          LogKeys.TIMESTAMP_TYPE);
  public static final TopicKey<Long> TIMESTAMP_BEFORE_MAX_MS =
      TopicKey.of(
          int64("message.timestamp.before.max.ms", Long.MAX_VALUE)
              .atLeast(0)
              .inForce("How far a producer's timestamp may lie in the past."),
          LogKeys.TIMESTAMP_BEFORE_MAX_MS);
  public static final TopicKey<Long> TIMESTAMP_AFTER_MAX_MS =
      TopicKey.of(
          int64("message.timestamp.after.max.ms", HOUR_MS)
              .atLeast(0)
              .inForce("How far a producer's timestamp may lie in the future."),
          LogKeys.TIMESTAMP_AFTER_MAX_MS);
  public static final TopicKey<String> COMPRESSION_TYPE =
      TopicKey.of(
          text("compression.type", "producer")
              .oneOf("uncompressed", "zstd", "lz4", "snappy", "gzip", "producer")
              .inForce("Codec that batches are stored with; \"producer\" keeps each as it came."),
          LogKeys.COMPRESSION_TYPE);
  public static final TopicKey<Integer> GZIP_LEVEL =
      TopicKey.of(
          int32("compression.gzip.level", -1)
              .takes(new Range.GzipLevels())
              .inForce("Level of gzip when compression.type says gzip and a batch came otherwise."),
          LogKeys.GZIP_LEVEL);
  public static final TopicKey<Integer> LZ4_LEVEL =
      TopicKey.of(
          int32("compression.lz4.level", 9)
              .between(1, 17)
              .inForce("Level of lz4 when compression.type says lz4 and a batch came otherwise."),
          LogKeys.LZ4_LEVEL);
  public static final TopicKey<Integer> ZSTD_LEVEL =
      TopicKey.of(
          int32("compression.zstd.level", 3)
              .between(-131072, 22)
              .inForce("Level of zstd when compression.type says zstd and a batch came otherwise."),
          LogKeys.ZSTD_LEVEL);
  public static final TopicKey<Integer> MIN_INSYNC_REPLICAS =
      TopicKey.of(
          int32("min.insync.replicas", 1)
              .atLeast(1)
              .accepted(Reasons.NO_REPLICATION, "Copies that acks=all waits for."),
          LogKeys.MIN_INSYNC_REPLICAS);
  public static final TopicKey<List<String>> CLEANUP_POLICY =
      TopicKey.of(
          list("cleanup.policy", "delete")
              .oneOf("compact", "delete")
              .inForce(
                  "With compact of each key the newest record stays, and every record needs one; with delete, records go by age and size."),
          LogKeys.CLEANUP_POLICY);
  public static final TopicKey<Long> RETENTION_MS =
      new TopicKey<>(
          int64("retention.ms", 168 * HOUR_MS)
              .atLeast(-1)
              .inForce("Age after which records may go; -1 for never."),
          List.of(
              new BehindIt(LogKeys.RETENTION_MS, 1),
              new BehindIt(LogKeys.RETENTION_MINUTES, MINUTE_MS),
              new BehindIt(LogKeys.RETENTION_HOURS, HOUR_MS)));
  public static final TopicKey<Long> RETENTION_BYTES =
      TopicKey.of(
          int64("retention.bytes", -1)
              .inForce(
                  "Size of a partition above which its oldest records may go; -1 for no limit."),
          LogKeys.RETENTION_BYTES);
  public static final TopicKey<Long> DELETE_RETENTION_MS =
      TopicKey.of(
          int64("delete.retention.ms", 24 * HOUR_MS)
              .atLeast(0)
              .inForce("How long a tombstone stays once compaction has seen it."),
          LogKeys.DELETE_RETENTION_MS);
  public static final TopicKey<Long> MIN_COMPACTION_LAG_MS =
      TopicKey.of(
          int64("min.compaction.lag.ms", 0)
              .atLeast(0)
              .inForce("Age below which records are not compacted."),
          LogKeys.MIN_COMPACTION_LAG_MS);
  public static final TopicKey<Long> MAX_COMPACTION_LAG_MS =
      TopicKey.of(
          int64("max.compaction.lag.ms", Long.MAX_VALUE)
              .atLeast(1)
              .inForce("Age by which records are compacted, however few they are."),
          LogKeys.MAX_COMPACTION_LAG_MS);
  public static final TopicKey<Double> MIN_CLEANABLE_DIRTY_RATIO =
      TopicKey.of(
          decimal("min.cleanable.dirty.ratio", 0.5)
              .between(0, 1)
              .inForce("Share of a partition that was never compacted above which it is."),
          LogKeys.MIN_CLEANABLE_RATIO);
  public static final TopicKey<Integer> SEGMENT_BYTES =
      TopicKey.of(
          int32("segment.bytes", 1073741824)
              .atLeast(1048576)
              .inForce(
                  "Bytes of a compacted partition that rest in the log; there are no segments."),
          LogKeys.SEGMENT_BYTES);
  public static final TopicKey<Long> SEGMENT_MS =
      new TopicKey<>(
          int64("segment.ms", 168 * HOUR_MS)
              .atLeast(1)
              .inForce("Age to which records of a compacted topic rest; there are no segments."),
          List.of(new BehindIt(LogKeys.ROLL_MS, 1), new BehindIt(LogKeys.ROLL_HOURS, HOUR_MS)));
  public static final TopicKey<Boolean> REMOTE_STORAGE_ENABLE =
      TopicKey.of(
          flag("remote.storage.enable", false)
              .accepted(Reasons.NO_TIERS, "Whether older records move to a second tier."));

  private static final List<TopicKey<?>> OTHERS =
      List.of(
          new TopicKey<>(
              int64("segment.jitter.ms", 0)
                  .atLeast(0)
                  .accepted(
                      Reasons.NO_SEGMENTS, "Chance taken off the age at which a segment closes."),
              List.of(
                  new BehindIt(LogKeys.ROLL_JITTER_MS, 1),
                  new BehindIt(LogKeys.ROLL_JITTER_HOURS, HOUR_MS))),
          TopicKey.of(
              int32("segment.index.bytes", 10485760)
                  .atLeast(4)
                  .accepted(Reasons.NO_SEGMENTS, "Size of a segment's index file."),
              LogKeys.INDEX_SIZE_MAX_BYTES),
          TopicKey.of(
              int32("internal.segment.bytes")
                  .internal()
                  .accepted(Reasons.NO_SEGMENTS, "Size of a segment file, in Kafka's own tests.")),
          TopicKey.of(
              int32("index.interval.bytes", 4096)
                  .atLeast(0)
                  .accepted(Reasons.NO_SEGMENTS, "Bytes of records between two index entries."),
              LogKeys.INDEX_INTERVAL_BYTES),
          TopicKey.of(
              int64("file.delete.delay.ms", 60000)
                  .atLeast(0)
                  .accepted(
                      Reasons.NO_SEGMENTS, "Time between giving up a segment and deleting it."),
              LogKeys.SEGMENT_DELETE_DELAY_MS),
          TopicKey.of(
              flag("preallocate", false)
                  .accepted(Reasons.NO_SEGMENTS, "Whether a segment takes its full size at once."),
              LogKeys.PREALLOCATE),
          TopicKey.of(
              int64("flush.messages", Long.MAX_VALUE)
                  .atLeast(1)
                  .accepted(Reasons.NO_FLUSH, "Records after which a partition is synced."),
              LogKeys.FLUSH_INTERVAL_MESSAGES),
          TopicKey.of(
              int64("flush.ms", Long.MAX_VALUE)
                  .atLeast(0)
                  .accepted(Reasons.NO_FLUSH, "Time after which new records are synced."),
              LogKeys.FLUSH_INTERVAL_MS,
              LogKeys.FLUSH_SCHEDULER_INTERVAL_MS),
          TopicKey.of(
              flag("unclean.leader.election.enable", false)
                  .accepted(
                      Reasons.NO_REPLICATION,
                      "Whether a replica that lacks records may become leader."),
              LogKeys.UNCLEAN_LEADER_ELECTION),
          TopicKey.of(
              list("leader.replication.throttled.replicas", "")
                  .takes(new Range.ThrottledReplicas())
                  .accepted(Reasons.NO_REPLICATION, "Replicas whose reading is throttled.")),
          TopicKey.of(
              list("follower.replication.throttled.replicas", "")
                  .takes(new Range.ThrottledReplicas())
                  .accepted(Reasons.NO_REPLICATION, "Replicas whose writing is throttled.")),
          TopicKey.of(
              int64("local.retention.ms", -2)
                  .atLeast(-2)
                  .accepted(Reasons.NO_TIERS, "Age up to which tiered records stay local."),
              LogKeys.LOCAL_RETENTION_MS),
          TopicKey.of(
              int64("local.retention.bytes", -2)
                  .atLeast(-2)
                  .accepted(Reasons.NO_TIERS, "Bytes of tiered records that stay local."),
              LogKeys.LOCAL_RETENTION_BYTES),
          TopicKey.of(
              flag("remote.log.copy.disable", false)
                  .accepted(Reasons.NO_TIERS, "Whether records stop moving to the second tier.")),
          TopicKey.of(
              flag("remote.log.delete.on.disable", false)
                  .accepted(Reasons.NO_TIERS, "Whether switching tiers off deletes their data.")));

  private static final Map<String, TopicKey<?>> BY_NAME = byName();

  private TopicKeys() {}

  /** Sorted by name. */
  public static Collection<TopicKey<?>> all() {
    return BY_NAME.values();
  }

  /** Null if there is none of this name. */
  public static @Nullable TopicKey<?> find(String name) {
    return BY_NAME.get(name);
  }

  private static Map<String, TopicKey<?>> byName() {
    Map<String, TopicKey<?>> keys = new TreeMap<>();
    List<TopicKey<?>> used =
        List.of(
            MAX_MESSAGE_BYTES,
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
            RETENTION_BYTES,
            DELETE_RETENTION_MS,
            MIN_COMPACTION_LAG_MS,
            MAX_COMPACTION_LAG_MS,
            MIN_CLEANABLE_DIRTY_RATIO,
            SEGMENT_BYTES,
            SEGMENT_MS,
            REMOTE_STORAGE_ENABLE);
    used.forEach(key -> keys.put(key.key().name(), key));
    OTHERS.forEach(key -> keys.put(key.key().name(), key));
    return Collections.unmodifiableMap(keys);
  }
}
