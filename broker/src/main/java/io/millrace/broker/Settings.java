package io.millrace.broker;

import io.millrace.broker.config.BrokerConfig;
import io.millrace.broker.config.ClusterKeys;
import io.millrace.broker.config.ConsumerGroupKeys;
import io.millrace.broker.config.GroupKeys;
import io.millrace.broker.config.MillraceKeys;
import io.millrace.broker.config.NetworkKeys;
import io.millrace.broker.config.QuotaKeys;
import io.millrace.broker.config.TransactionKeys;
import io.millrace.broker.network.NetworkSettings;
import io.millrace.broker.quota.QuotaSettings;
import io.millrace.coordinator.group.GroupSettings;
import io.millrace.coordinator.group.classic.ClassicSettings;
import io.millrace.coordinator.group.consumer.ConsumerSettings;
import io.millrace.coordinator.group.consumer.MigrationPolicy;
import io.millrace.coordinator.transaction.TransactionSettings;
import io.millrace.objectstore.location.StoreLocation;
import io.millrace.storage.cluster.ClusterSettings;
import io.millrace.storage.log.FolderSettings;
import io.millrace.storage.log.SharedSettings;
import io.millrace.storage.log.StorageSettings;
import io.millrace.storage.wal.FileWalSettings;
import io.millrace.storage.wal.ObjectWalSettings;
import io.millrace.storage.wal.WalSync;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** From the broker's configuration to the values each part works by. */
final class Settings {
  private static final long HEDGE_DELAY_MS = 1_000;
  private static final long SCRIBE_TIMEOUT_MS = 1_000;
  private static final long PARTIAL_FRAME_MS_MAX = 30_000;
  private static final int IN_FLIGHT_MAX = 64;
  private static final long RESPONSE_BYTES_MAX = 16L << 20;

  private Settings() {}

  static GroupSettings groups(BrokerConfig config) {
    ClassicSettings classic =
        new ClassicSettings(
            config.get(GroupKeys.MIN_SESSION_TIMEOUT_MS),
            config.get(GroupKeys.MAX_SESSION_TIMEOUT_MS),
            config.get(GroupKeys.INITIAL_REBALANCE_DELAY_MS),
            config.get(GroupKeys.MAX_SIZE));
    return new GroupSettings(
        classic,
        consumers(config),
        config.get(GroupKeys.OFFSET_METADATA_MAX_BYTES),
        TimeUnit.MINUTES.toMillis(config.get(GroupKeys.OFFSETS_RETENTION_MINUTES)),
        config.get(GroupKeys.OFFSETS_RETENTION_CHECK_MS));
  }

  private static ConsumerSettings consumers(BrokerConfig config) {
    return new ConsumerSettings(
        config.get(ConsumerGroupKeys.ASSIGNORS),
        config.get(ConsumerGroupKeys.MAX_SIZE),
        MigrationPolicy.valueOf(
            config.get(ConsumerGroupKeys.MIGRATION_POLICY).toUpperCase(Locale.ROOT)));
  }

  static TransactionSettings transactions(BrokerConfig config) {
    return new TransactionSettings(
        config.get(TransactionKeys.TIMEOUT_MAX_MS),
        config.get(TransactionKeys.ABORT_CHECK_MS),
        config.get(TransactionKeys.ID_EXPIRATION_MS),
        config.get(TransactionKeys.EXPIRATION_CHECK_MS));
  }

  static FolderSettings folder(BrokerConfig config, Path dataFolder) {
    FileWalSettings wal =
        FileWalSettings.of(
            config.get(MillraceKeys.WAL_FILE_BYTES),
            config.get(MillraceKeys.WAL_ENTRY_BYTES_MAX),
            walSync(config.get(MillraceKeys.WAL_SYNC)),
            config.get(MillraceKeys.WAL_SYNC_INTERVAL_MS));
    return FolderSettings.of(dataFolder, wal);
  }

  static SharedSettings shared(BrokerConfig config, StoreLocation location) {
    ObjectWalSettings wal =
        ObjectWalSettings.of(
            config.get(MillraceKeys.WAL_LATENCY_BUDGET_MS),
            config.get(MillraceKeys.WAL_ENTRY_BYTES_MAX),
            config.queuedRequestBytesMax(),
            HEDGE_DELAY_MS);
    ClusterSettings cluster =
        new ClusterSettings(
            TimeUnit.MILLISECONDS.toNanos(config.get(ClusterKeys.HEARTBEAT_INTERVAL_MS)),
            TimeUnit.MILLISECONDS.toNanos(config.get(ClusterKeys.SESSION_TIMEOUT_MS)),
            TimeUnit.MILLISECONDS.toNanos(SCRIBE_TIMEOUT_MS),
            config.get(ClusterKeys.AUTO_LEADER_REBALANCE),
            config.interBrokerListener());
    return new SharedSettings(location.toString(), wal, cluster);
  }

  static StorageSettings storage(BrokerConfig config) {
    return StorageSettings.of(
        config.get(MillraceKeys.WAL_BACKLOG_BYTES_MAX),
        config.get(MillraceKeys.LOG_CACHE_BYTES),
        config.get(MillraceKeys.BLOCK_CACHE_BYTES),
        config.get(GroupKeys.PRODUCER_ID_EXPIRATION_MS),
        config.get(GroupKeys.PRODUCER_ID_CHECK_MS));
  }

  private static WalSync walSync(String value) {
    return switch (value) {
      case MillraceKeys.SYNC_ALWAYS -> WalSync.ALWAYS;
      case MillraceKeys.SYNC_INTERVAL -> WalSync.INTERVAL;
      case MillraceKeys.SYNC_NEVER -> WalSync.NEVER;
      default -> throw new IllegalArgumentException("wal.sync=" + value);
    };
  }

  static QuotaSettings quotas(BrokerConfig config) {
    return new QuotaSettings(
        config.get(QuotaKeys.SAMPLES),
        TimeUnit.SECONDS.toNanos(config.get(QuotaKeys.SAMPLE_SECONDS)),
        config.get(QuotaKeys.MUTATION_SAMPLES),
        TimeUnit.SECONDS.toNanos(config.get(QuotaKeys.MUTATION_SAMPLE_SECONDS)));
  }

  static NetworkSettings network(BrokerConfig config) {
    return new NetworkSettings(
        config.get(NetworkKeys.NUM_NETWORK_THREADS),
        config.get(NetworkKeys.SOCKET_REQUEST_MAX_BYTES),
        config.get(NetworkKeys.MAX_CONNECTIONS),
        config.get(NetworkKeys.MAX_CONNECTIONS_PER_IP),
        config.connectionsPerIpOverrides(),
        config.get(NetworkKeys.CONNECTIONS_MAX_IDLE_MS),
        config.queuedRequestBytesMax(),
        PARTIAL_FRAME_MS_MAX,
        IN_FLIGHT_MAX,
        RESPONSE_BYTES_MAX,
        config.get(NetworkKeys.SOCKET_SEND_BUFFER_BYTES),
        config.get(NetworkKeys.SOCKET_RECEIVE_BUFFER_BYTES),
        config.get(NetworkKeys.SOCKET_LISTEN_BACKLOG_SIZE));
  }
}
