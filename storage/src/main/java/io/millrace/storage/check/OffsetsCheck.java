package io.millrace.storage.check;

import io.millrace.storage.Finding;
import io.millrace.storage.Finding.Range;
import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.MetadataImage.Checkpoint;
import io.millrace.storage.metadata.MetadataImage.Partition;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Proves that of each offset of a partition from its log start to its end exactly one object or log
 * speaks, and that of what is below the first of them a checkpoint tells.
 */
final class OffsetsCheck {
  private final PartitionId id;
  private final Partition partition;
  private final List<Finding> findings = new ArrayList<>();

  /**
   * Offsets and where they are.
   *
   * @param published whether an object speaks of them; else a log does
   */
  record Held(String key, Range range, boolean published) {}

  private OffsetsCheck(PartitionId id, Partition partition) {
    this.id = id;
    this.partition = partition;
  }

  /** {@code held} in any order. */
  static List<Finding> run(PartitionId id, Partition partition, List<Held> held) {
    OffsetsCheck check = new OffsetsCheck(id, partition);
    check.run(
        held.stream().filter(Held::published).sorted(byOffset()).toList(),
        held.stream().filter(each -> !each.published()).sorted(byOffset()).toList());
    return check.findings;
  }

  private static Comparator<Held> byOffset() {
    return Comparator.comparingLong(each -> each.range().from());
  }

  private void run(List<Held> published, List<Held> logged) {
    long checkpoint = partition.checkpoint().map(Checkpoint::end).orElse(0L);
    String checkpointKey = partition.checkpoint().map(Checkpoint::key).orElse("");
    long end = 0;
    for (Held each : published) {
      long from = each.range().from();
      if (from > end && from > partition.logStart()) {
        missing(each.key(), Math.max(end, partition.logStart()), from);
      } else if (from > end && from > checkpoint) {
        untold(checkpointKey, Math.max(end, checkpoint), from);
      }
      end = next(each, end);
    }
    if (checkpoint > end) {
      if (checkpoint > partition.logStart()) {
        missing(checkpointKey, Math.max(end, partition.logStart()), checkpoint);
      }
      end = checkpoint;
    }
    if (partition.logStart() > end && logged.isEmpty()) {
      untold(checkpointKey, end, partition.logStart());
    }
    for (Held each : logged) {
      if (each.range().from() > end) {
        missing(each.key(), end, each.range().from());
      }
      end = next(each, end);
    }
  }

  private long next(Held each, long end) {
    if (each.range().from() < end) {
      findings.add(
          Finding.damaged(
              each.key(),
              new Range(id, each.range().from(), Math.min(end, each.range().to())),
              "something else speaks of these offsets too"));
    }
    return Math.max(end, each.range().to());
  }

  private void missing(String behind, long from, long to) {
    findings.add(
        Finding.missing(
            behind, new Range(id, from, to), "no object and no log has the records before it"));
  }

  private void untold(String checkpoint, long from, long to) {
    findings.add(
        Finding.missing(
            checkpoint,
            new Range(id, from, to),
            "the records are dropped, and no checkpoint tells of their producers"));
  }
}
