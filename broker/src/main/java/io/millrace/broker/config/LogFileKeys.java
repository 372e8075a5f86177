package io.millrace.broker.config;

import static io.millrace.broker.config.KeyDeclaration.int32;
import static io.millrace.broker.config.KeyDeclaration.int64;
import static io.millrace.broker.config.KeyDeclaration.list;

import java.util.List;

/** Files and flushing of Kafka's logs. */
final class LogFileKeys {
  static final List<ConfigKey<?>> ALL =
      List.of(
          int64("log.dir.failure.timeout.ms", 30000)
              .atLeast(1)
              .accepted(Reasons.NO_SEGMENTS, "How long a failed directory may go unreported."),
          list("cordoned.log.dirs", "")
              .perBroker()
              .accepted(Reasons.NO_SEGMENTS, "Data directories that take no new partitions."),
          int32("log.flush.offset.checkpoint.interval.ms", 60000)
              .atLeast(0)
              .accepted(Reasons.NO_FLUSH, "How often the flushed position is written to disk."),
          int32("log.flush.start.offset.checkpoint.interval.ms", 60000)
              .atLeast(0)
              .accepted(Reasons.NO_FLUSH, "How often log starts are written to disk."),
          int64("log.initial.task.delay.ms", 30000)
              .atLeast(0)
              .internal()
              .accepted(Reasons.NO_SEGMENTS, "Delay before background work on logs begins."),
          int32("num.recovery.threads.per.data.dir", 2)
              .atLeast(1)
              .clusterWide()
              .accepted(Reasons.OWN_THREADS, "Threads that load logs at the start."));

  private LogFileKeys() {}
}
