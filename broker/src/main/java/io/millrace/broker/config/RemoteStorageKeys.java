package io.millrace.broker.config;

import static io.millrace.broker.config.KeyDeclaration.decimal;
import static io.millrace.broker.config.KeyDeclaration.flag;
import static io.millrace.broker.config.KeyDeclaration.int32;
import static io.millrace.broker.config.KeyDeclaration.int64;
import static io.millrace.broker.config.KeyDeclaration.text;

import java.util.List;

/** Kafka's tiered storage. */
final class RemoteStorageKeys {
  static final List<ConfigKey<?>> ALL =
      List.of(
          int32("remote.fetch.max.wait.ms", 500)
              .atLeast(1)
              .clusterWide()
              .accepted(Reasons.NO_TIERS, "How long a fetch waits for tiered records."),
          int64("remote.list.offsets.request.timeout.ms", 30000)
              .atLeast(1)
              .clusterWide()
              .accepted(Reasons.NO_TIERS, "How long looking an offset up in a tier may take."),
          int64("remote.log.index.file.cache.total.size.bytes", 1073741824)
              .atLeast(1)
              .clusterWide()
              .accepted(Reasons.NO_TIERS, "Bytes of tiered indexes kept on disk."),
          int64("remote.log.index.file.cache.ttl.ms", 900000)
              .atLeast(-1)
              .internal()
              .accepted(Reasons.NO_TIERS, "Age to which tiered indexes are kept on disk."),
          int32("remote.log.manager.copier.thread.pool.size", 10)
              .atLeast(1)
              .clusterWide()
              .accepted(Reasons.NO_TIERS, "Threads that copy to a tier."),
          int64("remote.log.manager.copy.max.bytes.per.second", Long.MAX_VALUE)
              .atLeast(1)
              .clusterWide()
              .accepted(Reasons.NO_TIERS, "Bytes copied to a tier."),
          int32("remote.log.manager.copy.quota.window.num", 11)
              .atLeast(1)
              .accepted(Reasons.NO_TIERS, "Samples kept for the copy quota."),
          int32("remote.log.manager.copy.quota.window.size.seconds", 1)
              .atLeast(1)
              .accepted(Reasons.NO_TIERS, "Length of a sample for the copy quota."),
          int32("remote.log.manager.expiration.thread.pool.size", 10)
              .atLeast(1)
              .clusterWide()
              .accepted(Reasons.NO_TIERS, "Threads that delete from a tier."),
          int64("remote.log.manager.fetch.max.bytes.per.second", Long.MAX_VALUE)
              .atLeast(1)
              .clusterWide()
              .accepted(Reasons.NO_TIERS, "Bytes read from a tier."),
          int32("remote.log.manager.fetch.quota.window.num", 11)
              .atLeast(1)
              .accepted(Reasons.NO_TIERS, "Samples kept for the fetch quota."),
          int32("remote.log.manager.fetch.quota.window.size.seconds", 1)
              .atLeast(1)
              .accepted(Reasons.NO_TIERS, "Length of a sample for the fetch quota."),
          int32("remote.log.manager.follower.thread.pool.size", 2)
              .atLeast(1)
              .clusterWide()
              .accepted(Reasons.NO_TIERS, "Threads that read tier metadata."),
          int64("remote.log.manager.task.interval.ms", 30000)
              .atLeast(1)
              .accepted(Reasons.NO_TIERS, "How often work on a tier is done."),
          int64("remote.log.manager.task.retry.backoff.max.ms", 30000)
              .atLeast(1)
              .internal()
              .accepted(Reasons.NO_TIERS, "Longest pause after failed work on a tier."),
          int64("remote.log.manager.task.retry.backoff.ms", 500)
              .atLeast(1)
              .internal()
              .accepted(Reasons.NO_TIERS, "First pause after failed work on a tier."),
          decimal("remote.log.manager.task.retry.jitter", 0.2)
              .between(0, 0.5)
              .internal()
              .accepted(Reasons.NO_TIERS, "Chance in these pauses."),
          int32("remote.log.manager.thread.pool.size", 2)
              .atLeast(1)
              .accepted(Reasons.NO_TIERS, "Threads that plan work on a tier."),
          int32("remote.log.metadata.custom.metadata.max.bytes", 128)
              .atLeast(0)
              .accepted(
                  Reasons.NO_TIERS, "Bytes a plug-in may add to a tiered segment's metadata."),
          text(
                  "remote.log.metadata.manager.class.name",
                  "org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager")
              .accepted(Reasons.NO_TIERS, "Class that keeps metadata of tiers."),
          text("remote.log.metadata.manager.class.path")
              .accepted(Reasons.NO_TIERS, "Class path of that class."),
          text("remote.log.metadata.manager.impl.prefix", "rlmm.config.")
              .accepted(Reasons.NO_TIERS, "Prefix of the keys of that class."),
          text("remote.log.metadata.manager.listener.name")
              .accepted(Reasons.NO_TIERS, "Listener that class connects to."),
          int32("remote.log.reader.max.pending.tasks", 100)
              .atLeast(1)
              .accepted(Reasons.NO_TIERS, "Reads from a tier that may wait."),
          int32("remote.log.reader.threads", 10)
              .atLeast(1)
              .clusterWide()
              .accepted(Reasons.NO_TIERS, "Threads that read from a tier."),
          text("remote.log.storage.manager.class.name")
              .accepted(Reasons.NO_TIERS, "Class that stores segments in a tier."),
          text("remote.log.storage.manager.class.path")
              .accepted(Reasons.NO_TIERS, "Class path of that class."),
          text("remote.log.storage.manager.impl.prefix", "rsm.config.")
              .accepted(Reasons.NO_TIERS, "Prefix of the keys of that class."),
          flag("remote.log.storage.system.enable", false)
              .accepted(Reasons.NO_TIERS, "Whether tiered storage is on."));

  private RemoteStorageKeys() {}
}
