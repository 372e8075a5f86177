package io.millrace.broker.config;

import static io.millrace.broker.config.KeyDeclaration.flag;
import static io.millrace.broker.config.KeyDeclaration.int32;
import static io.millrace.broker.config.KeyDeclaration.int64;
import static io.millrace.broker.config.KeyDeclaration.text;

import java.util.List;

/** Keys that Apache Kafka does not have. */
public final class MillraceKeys {
  /** {@link #WAL_SYNC}: every write is synced before it is acknowledged. */
  public static final String SYNC_ALWAYS = "always";

  /** {@link #WAL_SYNC}: synced every {@link #WAL_SYNC_INTERVAL_MS}. */
  public static final String SYNC_INTERVAL = "interval";

  /** {@link #WAL_SYNC}: left to the operating system. */
  public static final String SYNC_NEVER = "never";

  public static final ConfigKey<String> STORE =
      text("store")
          .notEmpty()
          .inForce(
              "Store that the brokers of a cluster share: file:DIR or s3://BUCKET/PREFIX. Without"
                  + " it a broker is alone with its data directory; with it nothing is kept on its"
                  + " own disk. --store goes before it.");
  public static final ConfigKey<String> STORE_S3_ENDPOINT =
      text("store.s3.endpoint", "")
          .inForce(
              "Address of an S3-compatible store, http://HOST:PORT or https://HOST:PORT; AWS if empty.");
  public static final ConfigKey<String> STORE_S3_REGION =
      text("store.s3.region", "")
          .inForce(
              "Region of the bucket; if empty, what the AWS SDK finds in environment and profile."
                  + " So are credentials, always.");
  public static final ConfigKey<Boolean> STORE_S3_PATH_STYLE =
      flag("store.s3.path.style", false)
          .inForce(
              "Whether the bucket stands in the path of requests, not in the host name; most"
                  + " S3-compatible stores want that.");
  public static final ConfigKey<Integer> WAL_LATENCY_BUDGET_MS =
      int32("wal.latency.budget.ms", 100)
          .between(1, 10000)
          .inForce(
              "With a shared store: how long a record may wait for others to share a write with,"
                  + " and so how many writes a busy broker makes. One that finds the log idle does"
                  + " not wait.");
  public static final ConfigKey<String> WAL_SYNC =
      text("wal.sync", SYNC_ALWAYS)
          .oneOf(SYNC_ALWAYS, SYNC_INTERVAL, SYNC_NEVER)
          .inForce(
              "When the write-ahead log is synced: before each acknowledgement, every"
                  + " wal.sync.interval.ms, or when the operating system likes. Only the first"
                  + " keeps acknowledged records through a power loss.");
  public static final ConfigKey<Integer> WAL_SYNC_INTERVAL_MS =
      int32("wal.sync.interval.ms", 100)
          .between(1, 60000)
          .inForce("Time between syncs with wal.sync=interval.");
  public static final ConfigKey<Long> WAL_FILE_BYTES =
      int64("wal.file.bytes", 256L << 20)
          .between(1L << 20, 2L << 30)
          .inForce("Size of a write-ahead log file; a full one is published and the next begins.");
  public static final ConfigKey<Integer> WAL_ENTRY_BYTES_MAX =
      int32("wal.entry.bytes.max", 8 << 20)
          .between(64 << 10, 64 << 20)
          .inForce("Most bytes of batches in one write-ahead log entry (one write, one sync).");
  public static final ConfigKey<Long> WAL_BACKLOG_BYTES_MAX =
      int64("wal.backlog.bytes.max", 4L << 30)
          .atLeast(4L << 20)
          .inForce(
              "Published write-ahead log files are merged once they pass half of this. Producers are not"
                  + " slowed down if merging falls behind.");
  public static final ConfigKey<Long> LOG_CACHE_BYTES =
      int64("log.cache.bytes", 256L << 20)
          .atLeast(8L << 20)
          .inForce("Memory outside the heap for the newest records of all partitions.");
  public static final ConfigKey<Long> BLOCK_CACHE_BYTES =
      int64("block.cache.bytes", 64L << 20)
          .atLeast(8L << 20)
          .inForce("Memory outside the heap for blocks of older records.");
  public static final ConfigKey<Long> NETWORK_QUEUED_BYTES_MAX =
      int64("network.queued.bytes.max", 128L << 20)
          .atLeast(1L << 20)
          .inForce("What queued.max.request.bytes=-1 stands for.");

  static final List<ConfigKey<?>> ALL =
      List.of(
          STORE,
          STORE_S3_ENDPOINT,
          STORE_S3_REGION,
          STORE_S3_PATH_STYLE,
          WAL_LATENCY_BUDGET_MS,
          WAL_SYNC,
          WAL_SYNC_INTERVAL_MS,
          WAL_FILE_BYTES,
          WAL_ENTRY_BYTES_MAX,
          WAL_BACKLOG_BYTES_MAX,
          LOG_CACHE_BYTES,
          BLOCK_CACHE_BYTES,
          NETWORK_QUEUED_BYTES_MAX);

  private MillraceKeys() {}
}
