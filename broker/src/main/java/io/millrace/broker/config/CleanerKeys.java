package io.millrace.broker.config;

import static io.millrace.broker.config.KeyDeclaration.decimal;
import static io.millrace.broker.config.KeyDeclaration.flag;
import static io.millrace.broker.config.KeyDeclaration.int32;
import static io.millrace.broker.config.KeyDeclaration.int64;

import java.util.List;

/** How a broker compacts topics by key; {@link LogKeys} has what topics say otherwise. */
public final class CleanerKeys {
  public static final ConfigKey<Boolean> ENABLE =
      flag("log.cleaner.enable", true).inForce("Whether topics are compacted by key.");
  public static final ConfigKey<Long> BACKOFF_MS =
      int64("log.cleaner.backoff.ms", 15000)
          .atLeast(0)
          .clusterWide()
          .inForce("Time between two looks for partitions to compact.");
  public static final ConfigKey<Long> DEDUPE_BUFFER_SIZE =
      int64("log.cleaner.dedupe.buffer.size", 134217728)
          .clusterWide()
          .inForce("Memory for the keys of one partition; more keys take several rounds.");

  static final List<ConfigKey<?>> ALL =
      List.of(
          ENABLE,
          BACKOFF_MS,
          DEDUPE_BUFFER_SIZE,
          decimal("log.cleaner.io.buffer.load.factor", 0.9)
              .clusterWide()
              .accepted(Reasons.FIXED_COMPACTION, "How full the cleaner's memory may get."),
          int32("log.cleaner.io.buffer.size", 524288)
              .atLeast(0)
              .clusterWide()
              .accepted(Reasons.FIXED_COMPACTION, "Memory of the cleaner for reading and writing."),
          decimal("log.cleaner.io.max.bytes.per.second", Double.MAX_VALUE)
              .clusterWide()
              .accepted(Reasons.PACED, "Bytes the cleaner may read and write."),
          int32("log.cleaner.threads", 1)
              .atLeast(0)
              .clusterWide()
              .accepted(Reasons.OWN_THREADS, "Threads of the cleaner."));

  private CleanerKeys() {}
}
