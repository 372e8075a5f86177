package io.millrace.broker.config;

import static io.millrace.broker.config.KeyDeclaration.flag;
import static io.millrace.broker.config.KeyDeclaration.int16;
import static io.millrace.broker.config.KeyDeclaration.int32;

import java.util.List;

/** Streams groups and internals of the group coordinator. */
final class CoordinatorKeys {
  static final List<ConfigKey<?>> ALL =
      List.of(
          int32("group.coordinator.threads", 4)
              .atLeast(1)
              .accepted(Reasons.OWN_THREADS, "Threads of the group coordinator."),
          int32("group.coordinator.background.threads", 2)
              .atLeast(1)
              .accepted(Reasons.OWN_THREADS, "Threads of the group coordinator for slow work."),
          int32("group.coordinator.append.linger.ms", -1)
              .atLeast(-1)
              .accepted(Reasons.OWN_THREADS, "How long the group coordinator gathers writes."),
          int32("group.coordinator.cached.buffer.max.bytes", 1048588)
              .atLeast(524288)
              .clusterWide()
              .accepted(Reasons.OWN_THREADS, "Buffer the group coordinator keeps between writes."),
          flag("group.coordinator.new.enable", false)
              .internal()
              .accepted(Reasons.ONE_COORDINATOR, "Which of two group coordinators Kafka 3 runs."),
          int32("group.streams.assignment.interval.ms", 1000)
              .atLeast(0)
              .clusterWide()
              .accepted(Reasons.STREAMS_LATER, "Time between assignments of a group."),
          int32("group.streams.min.assignment.interval.ms", 0)
              .atLeast(0)
              .accepted(Reasons.STREAMS_LATER, "Least time between assignments a group may set."),
          int32("group.streams.max.assignment.interval.ms", 15000)
              .atLeast(0)
              .accepted(Reasons.STREAMS_LATER, "Most time between assignments a group may set."),
          int32("group.streams.heartbeat.interval.ms", 5000)
              .atLeast(1)
              .accepted(Reasons.STREAMS_LATER, "Time between heartbeats of a member."),
          int32("group.streams.min.heartbeat.interval.ms", 5000)
              .atLeast(1)
              .accepted(Reasons.STREAMS_LATER, "Least time between heartbeats a group may set."),
          int32("group.streams.max.heartbeat.interval.ms", 15000)
              .atLeast(1)
              .accepted(Reasons.STREAMS_LATER, "Most time between heartbeats a group may set."),
          int32("group.streams.session.timeout.ms", 45000)
              .atLeast(1)
              .accepted(Reasons.STREAMS_LATER, "Silence after which a member is out."),
          int32("group.streams.min.session.timeout.ms", 45000)
              .atLeast(1)
              .accepted(Reasons.STREAMS_LATER, "Shortest session timeout a group may set."),
          int32("group.streams.max.session.timeout.ms", 60000)
              .atLeast(1)
              .accepted(Reasons.STREAMS_LATER, "Longest session timeout a group may set."),
          int32("group.streams.initial.rebalance.delay.ms", 3000)
              .atLeast(0)
              .accepted(Reasons.STREAMS_LATER, "How long an empty group waits for more members."),
          int32("group.streams.max.size", Integer.MAX_VALUE)
              .atLeast(1)
              .accepted(Reasons.STREAMS_LATER, "Most members of a group."),
          int32("group.streams.num.standby.replicas", 0)
              .atLeast(0)
              .accepted(Reasons.STREAMS_LATER, "Standby copies of each task."),
          int32("group.streams.max.standby.replicas", 2)
              .atLeast(0)
              .accepted(Reasons.STREAMS_LATER, "Most standby copies a group may set."),
          int32("offsets.commit.timeout.ms", 5000)
              .atLeast(1)
              .accepted(Reasons.NO_REPLICATION, "How long a commit may wait for copies."),
          int16("offsets.commit.required.acks", -1)
              .accepted(Reasons.NO_REPLICATION, "Copies a commit waits for."),
          int32("offsets.load.buffer.size", 5242880)
              .atLeast(1)
              .accepted(
                  Reasons.OWN_THREADS, "Bytes read at once when a coordinator loads offsets."),
          int32("offsets.topic.compression.codec", 0)
              .accepted(Reasons.OWN_THREADS, "Codec of the offsets topic, by Kafka's number."),
          int32("offsets.topic.segment.bytes", 104857600)
              .atLeast(1)
              .accepted(Reasons.NO_SEGMENTS, "Segment size of the offsets topic."));

  private CoordinatorKeys() {}
}
