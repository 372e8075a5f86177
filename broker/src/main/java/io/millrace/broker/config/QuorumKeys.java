package io.millrace.broker.config;

import static io.millrace.broker.config.KeyDeclaration.flag;
import static io.millrace.broker.config.KeyDeclaration.int32;
import static io.millrace.broker.config.KeyDeclaration.int64;
import static io.millrace.broker.config.KeyDeclaration.list;
import static io.millrace.broker.config.KeyDeclaration.text;

import java.util.List;

/** The KRaft quorum and registration with it. */
final class QuorumKeys {
  static final List<ConfigKey<?>> ALL =
      List.of(
          list("process.roles")
              .oneOf("broker", "controller")
              .accepted(
                  Reasons.NO_QUORUM, "Whether a Kafka process is a broker, a controller or both."),
          list("controller.quorum.voters", "")
              .accepted(Reasons.NO_QUORUM, "Members of the quorum, ID@HOST:PORT."),
          list("controller.quorum.bootstrap.servers", "")
              .accepted(Reasons.NO_QUORUM, "Addresses by which the quorum is found."),
          int32("controller.quorum.append.linger.ms", 25)
              .atLeast(0)
              .accepted(Reasons.NO_QUORUM, "How long the quorum's leader gathers writes."),
          flag("controller.quorum.auto.join.enable", false)
              .accepted(Reasons.NO_QUORUM, "Whether a controller makes itself a voter."),
          int32("controller.quorum.election.backoff.max.ms", 1000)
              .atLeast(0)
              .accepted(Reasons.NO_QUORUM, "Longest pause between elections."),
          int32("controller.quorum.election.timeout.ms", 1000)
              .atLeast(0)
              .accepted(Reasons.NO_QUORUM, "How long an election may take."),
          int32("controller.quorum.fetch.max.bytes", 1048576)
              .atLeast(1)
              .accepted(Reasons.NO_QUORUM, "Bytes of metadata per fetch."),
          int32("controller.quorum.fetch.snapshot.max.bytes", 1048576)
              .atLeast(1)
              .accepted(Reasons.NO_QUORUM, "Bytes of a snapshot per fetch."),
          int32("controller.quorum.fetch.timeout.ms", 2000)
              .atLeast(0)
              .accepted(Reasons.NO_QUORUM, "Silence after which a voter stands for election."),
          int32("controller.quorum.request.timeout.ms", 2000)
              .atLeast(0)
              .accepted(Reasons.NO_QUORUM, "Network timeout within the quorum."),
          int32("controller.quorum.retry.backoff.ms", 20)
              .atLeast(0)
              .accepted(Reasons.NO_QUORUM, "Pause before a request is tried again."),
          int32("controller.socket.timeout.ms", 30000)
              .accepted(Reasons.NO_QUORUM, "Network timeout between controller and broker."),
          int64("controller.performance.always.log.threshold.ms", 2000)
              .atLeast(0)
              .internal()
              .accepted(Reasons.NO_QUORUM, "Events slower than this are logged."),
          int64("controller.performance.sample.period.ms", 60000)
              .atLeast(100)
              .internal()
              .accepted(Reasons.NO_QUORUM, "How often slow events are summed up."),
          text("metadata.log.dir").accepted(Reasons.NO_QUORUM, "Directory of the quorum's log."),
          int64("metadata.log.max.record.bytes.between.snapshots", 20971520)
              .atLeast(1)
              .accepted(Reasons.NO_QUORUM, "Bytes of metadata between snapshots."),
          int64("metadata.log.max.snapshot.interval.ms", 3600000)
              .atLeast(0)
              .accepted(Reasons.NO_QUORUM, "Time between snapshots."),
          int32("metadata.log.segment.bytes", 1073741824)
              .atLeast(8388608)
              .accepted(Reasons.NO_QUORUM, "Size of a segment of the quorum's log."),
          int64("metadata.log.segment.ms", 604800000)
              .accepted(Reasons.NO_QUORUM, "Age of a segment of the quorum's log."),
          int32("metadata.max.idle.interval.ms", 500)
              .atLeast(0)
              .accepted(Reasons.NO_QUORUM, "How often an idle leader writes a no-op."),
          int64("metadata.max.retention.bytes", 104857600)
              .accepted(Reasons.NO_QUORUM, "Bytes of the quorum's log that are kept."),
          int64("metadata.max.retention.ms", 604800000)
              .accepted(Reasons.NO_QUORUM, "Age to which the quorum's log is kept."),
          int64("internal.metadata.delete.delay.millis", 60000)
              .internal()
              .accepted(Reasons.NO_QUORUM, "Delay before a metadata file is deleted."),
          int32("internal.metadata.log.segment.bytes")
              .internal()
              .accepted(
                  Reasons.NO_QUORUM, "Size of a segment of the quorum's log, in Kafka's tests."),
          int32("internal.metadata.max.batch.size.in.bytes", 8388608)
              .internal()
              .accepted(Reasons.NO_QUORUM, "Largest batch of the quorum's log."),
          int32("initial.broker.registration.timeout.ms", 60000)
              .accepted(Reasons.NO_QUORUM, "How long registration with the quorum may take."),
          int64("server.max.startup.time.ms", Long.MAX_VALUE)
              .atLeast(0)
              .internal()
              .accepted(Reasons.NO_QUORUM, "How long the start may take."),
          flag("unstable.api.versions.enable", false)
              .internal()
              .accepted(Reasons.ONE_VERSION, "Whether unfinished API versions are offered."),
          flag("unstable.feature.versions.enable", false)
              .internal()
              .accepted(Reasons.ONE_VERSION, "Whether unfinished feature levels are offered."));

  private QuorumKeys() {}
}
