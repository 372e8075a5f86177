package io.millrace.broker.config;

import static io.millrace.broker.config.KeyDeclaration.flag;
import static io.millrace.broker.config.KeyDeclaration.int16;
import static io.millrace.broker.config.KeyDeclaration.int32;
import static io.millrace.broker.config.KeyDeclaration.list;
import static io.millrace.broker.config.KeyDeclaration.text;

import java.util.List;

/** Share groups and their coordinator. */
final class ShareKeys {
  static final List<ConfigKey<?>> ALL =
      List.of(
          int32("group.share.assignment.interval.ms", 1000)
              .atLeast(0)
              .clusterWide()
              .accepted(Reasons.SHARE_LATER, "Time between assignments of a group."),
          int32("group.share.min.assignment.interval.ms", 0)
              .atLeast(0)
              .accepted(Reasons.SHARE_LATER, "Least time between assignments a group may set."),
          int32("group.share.max.assignment.interval.ms", 15000)
              .atLeast(0)
              .accepted(Reasons.SHARE_LATER, "Most time between assignments a group may set."),
          list("group.share.assignors", "simple")
              .accepted(Reasons.SHARE_LATER, "Assignors of the broker."),
          int32("group.share.delivery.count.limit", 5)
              .between(2, 10)
              .accepted(Reasons.SHARE_LATER, "How often a record is delivered at most."),
          int32("group.share.min.delivery.count.limit", 2)
              .between(2, 5)
              .accepted(Reasons.SHARE_LATER, "Least delivery limit a group may set."),
          int32("group.share.max.delivery.count.limit", 10)
              .between(5, 25)
              .accepted(Reasons.SHARE_LATER, "Most deliveries a group may set."),
          int32("group.share.heartbeat.interval.ms", 5000)
              .atLeast(1)
              .accepted(Reasons.SHARE_LATER, "Time between heartbeats of a member."),
          int32("group.share.min.heartbeat.interval.ms", 5000)
              .atLeast(1)
              .accepted(Reasons.SHARE_LATER, "Least time between heartbeats a group may set."),
          int32("group.share.max.heartbeat.interval.ms", 15000)
              .atLeast(1)
              .accepted(Reasons.SHARE_LATER, "Most time between heartbeats a group may set."),
          int32("group.share.initialize.retry.interval.ms", 30000)
              .atLeast(1)
              .internal()
              .accepted(Reasons.SHARE_LATER, "Pause before share state is set up again."),
          int32("group.share.partition.max.record.locks", 2000)
              .between(100, 10000)
              .accepted(Reasons.SHARE_LATER, "Records of a partition that may be locked at once."),
          int32("group.share.min.partition.max.record.locks", 100)
              .between(100, 2000)
              .accepted(Reasons.SHARE_LATER, "Least lock limit a group may set."),
          int32("group.share.max.partition.max.record.locks", 4000)
              .between(2000, 10000)
              .accepted(Reasons.SHARE_LATER, "Greatest lock limit a group may set."),
          int32("group.share.record.lock.duration.ms", 30000)
              .between(1000, 3600000)
              .accepted(Reasons.SHARE_LATER, "How long a delivered record is locked."),
          int32("group.share.min.record.lock.duration.ms", 15000)
              .between(1000, 30000)
              .accepted(Reasons.SHARE_LATER, "Shortest lock a group may set."),
          int32("group.share.max.record.lock.duration.ms", 60000)
              .between(30000, 3600000)
              .accepted(Reasons.SHARE_LATER, "Longest lock a group may set."),
          int32("group.share.session.timeout.ms", 45000)
              .atLeast(1)
              .accepted(Reasons.SHARE_LATER, "Silence after which a member is out."),
          int32("group.share.min.session.timeout.ms", 45000)
              .atLeast(1)
              .accepted(Reasons.SHARE_LATER, "Shortest session timeout a group may set."),
          int32("group.share.max.session.timeout.ms", 60000)
              .atLeast(1)
              .accepted(Reasons.SHARE_LATER, "Longest session timeout a group may set."),
          int32("group.share.max.share.sessions", 2000)
              .atLeast(1)
              .accepted(Reasons.SHARE_LATER, "Share sessions kept."),
          int32("group.share.max.size", 200)
              .between(1, 1000)
              .accepted(Reasons.SHARE_LATER, "Most members of a group."),
          int16("group.share.max.groups", 10)
              .between(1, 100)
              .accepted(Reasons.SHARE_LATER, "Most share groups."),
          flag("group.share.enable", false)
              .internal()
              .accepted(Reasons.SHARE_LATER, "Whether Kafka 3 serves share groups."),
          text(
                  "group.share.persister.class.name",
                  "org.apache.kafka.server.share.persister.DefaultStatePersister")
              .internal()
              .accepted(Reasons.SHARE_LATER, "Class that keeps share state."),
          int32("share.coordinator.append.linger.ms", -1)
              .atLeast(-1)
              .accepted(Reasons.SHARE_LATER, "How long the coordinator gathers writes."),
          int32("share.coordinator.cached.buffer.max.bytes", 1048588)
              .atLeast(524288)
              .clusterWide()
              .accepted(Reasons.SHARE_LATER, "Buffer the coordinator keeps between writes."),
          int32("share.coordinator.cold.partition.snapshot.interval.ms", 300000)
              .atLeast(1)
              .internal()
              .accepted(Reasons.SHARE_LATER, "How often quiet partitions get a snapshot."),
          int32("share.coordinator.load.buffer.size", 5242880)
              .atLeast(1)
              .accepted(Reasons.SHARE_LATER, "Bytes read at once when a coordinator loads."),
          int32("share.coordinator.snapshot.update.records.per.snapshot", 500)
              .between(0, 500)
              .accepted(Reasons.SHARE_LATER, "Updates between two snapshots."),
          int32("share.coordinator.state.topic.compression.codec", 0)
              .accepted(Reasons.SHARE_LATER, "Codec of the state topic, by Kafka's number."),
          int16("share.coordinator.state.topic.min.isr", 2)
              .atLeast(1)
              .accepted(Reasons.SHARE_LATER, "The min.insync.replicas of the state topic."),
          int32("share.coordinator.state.topic.num.partitions", 50)
              .atLeast(1)
              .accepted(Reasons.SHARE_LATER, "Partitions of the state topic."),
          int32("share.coordinator.state.topic.prune.interval.ms", 300000)
              .atLeast(1)
              .internal()
              .accepted(Reasons.SHARE_LATER, "How often the state topic is trimmed."),
          int16("share.coordinator.state.topic.replication.factor", 3)
              .atLeast(1)
              .accepted(Reasons.SHARE_LATER, "Replica list length of the state topic."),
          int32("share.coordinator.state.topic.segment.bytes", 104857600)
              .atLeast(1)
              .accepted(Reasons.SHARE_LATER, "Segment size of the state topic."),
          int32("share.coordinator.threads", 1)
              .atLeast(1)
              .accepted(Reasons.SHARE_LATER, "Threads of the coordinator."),
          int32("share.coordinator.write.timeout.ms", 5000)
              .atLeast(1)
              .accepted(Reasons.SHARE_LATER, "How long a write of the coordinator may take."));

  private ShareKeys() {}
}
