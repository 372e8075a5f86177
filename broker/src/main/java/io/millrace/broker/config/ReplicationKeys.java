package io.millrace.broker.config;

import static io.millrace.broker.config.KeyDeclaration.flag;
import static io.millrace.broker.config.KeyDeclaration.int32;
import static io.millrace.broker.config.KeyDeclaration.int64;
import static io.millrace.broker.config.KeyDeclaration.list;
import static io.millrace.broker.config.KeyDeclaration.text;

import java.util.List;

/** Followers, leader balance and the quotas between brokers. */
final class ReplicationKeys {
  static final List<ConfigKey<?>> ALL =
      List.of(
          int32("replica.fetch.backoff.ms", 1000)
              .atLeast(0)
              .accepted(Reasons.NO_REPLICATION, "Pause of a follower after a failed fetch."),
          int32("replica.fetch.max.bytes", 1048576)
              .atLeast(0)
              .accepted(Reasons.NO_REPLICATION, "Bytes a follower asks for per partition."),
          int32("replica.fetch.min.bytes", 1)
              .accepted(Reasons.NO_REPLICATION, "Bytes a follower waits for."),
          int32("replica.fetch.response.max.bytes", 10485760)
              .atLeast(0)
              .accepted(Reasons.NO_REPLICATION, "Bytes a follower asks for in one response."),
          int32("replica.fetch.wait.max.ms", 500)
              .accepted(Reasons.NO_REPLICATION, "How long a follower's fetch may wait."),
          int64("replica.high.watermark.checkpoint.interval.ms", 5000)
              .accepted(Reasons.NO_REPLICATION, "How often high watermarks are written to disk."),
          int64("replica.lag.time.max.ms", 30000)
              .accepted(
                  Reasons.NO_REPLICATION,
                  "Lag after which a follower leaves the in-sync replicas."),
          text("replica.selector.class")
              .accepted(
                  Reasons.NO_REPLICATION, "Class that picks the replica a consumer reads from."),
          int32("replica.socket.receive.buffer.bytes", 65536)
              .accepted(Reasons.NO_REPLICATION, "SO_RCVBUF of a follower's connection."),
          int32("replica.socket.timeout.ms", 30000)
              .accepted(Reasons.NO_REPLICATION, "Network timeout of a follower."),
          int32("num.replica.fetchers", 1)
              .atLeast(1)
              .clusterWide()
              .accepted(Reasons.NO_REPLICATION, "Threads that fetch from each other broker."),
          int32("num.replica.alter.log.dirs.threads")
              .accepted(
                  Reasons.NO_REPLICATION, "Threads that move partitions between data directories."),
          int32("replication.quota.window.num", 11)
              .atLeast(1)
              .accepted(Reasons.NO_REPLICATION, "Samples kept for replication quotas."),
          int32("replication.quota.window.size.seconds", 1)
              .atLeast(1)
              .accepted(Reasons.NO_REPLICATION, "Length of a sample for replication quotas."),
          int32("alter.log.dirs.replication.quota.window.num", 11)
              .atLeast(1)
              .accepted(
                  Reasons.NO_REPLICATION,
                  "Samples kept for the quota on moves between directories."),
          int32("alter.log.dirs.replication.quota.window.size.seconds", 1)
              .atLeast(1)
              .accepted(Reasons.NO_REPLICATION, "Length of a sample for the quota on moves."),
          int64("leader.replication.throttled.rate", Long.MAX_VALUE)
              .atLeast(0)
              .unit("bytes/s")
              .clusterWide()
              .accepted(
                  Reasons.NO_REPLICATION, "Bytes per second a leader gives throttled followers."),
          int64("follower.replication.throttled.rate", Long.MAX_VALUE)
              .atLeast(0)
              .unit("bytes/s")
              .clusterWide()
              .accepted(Reasons.NO_REPLICATION, "Bytes per second a throttled follower takes."),
          int64("replica.alter.log.dirs.io.max.bytes.per.second", Long.MAX_VALUE)
              .atLeast(0)
              .clusterWide()
              .accepted(Reasons.NO_REPLICATION, "Bytes per second moved between data directories."),
          int64("leader.imbalance.check.interval.seconds", 300)
              .atLeast(1)
              .accepted(Reasons.BALANCED_AT_ONCE, "How often the balance of leaders is looked at."),
          int32("leader.imbalance.per.broker.percentage", 10)
              .accepted(Reasons.BALANCED_AT_ONCE, "Imbalance above which leaders move back."),
          flag("controlled.shutdown.enable", true)
              .accepted(
                  Reasons.ALWAYS_HANDED_OVER,
                  "Whether a stopping broker hands its partitions over."),
          int64("unclean.leader.election.interval.ms", 300000)
              .atLeast(1)
              .internal()
              .accepted(
                  Reasons.NO_REPLICATION, "How often partitions without a leader are looked at."),
          text("security.inter.broker.protocol", "PLAINTEXT")
              .oneOf("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
              .accepted(
                  Reasons.SECURITY_LATER, "Security protocol that brokers use among themselves."),
          list("early.start.listeners")
              .accepted(
                  Reasons.OPENED_TOGETHER, "Listeners opened before the broker is ready to serve."),
          flag("follower.fetch.last.tiered.offset.enable", false)
              .clusterWide()
              .accepted(
                  Reasons.NO_TIERS, "Whether a new follower begins at what is not yet tiered."));

  private ReplicationKeys() {}
}
