package io.millrace.storage.log;

import io.millrace.storage.object.Footer.PartitionFooter;
import io.millrace.storage.object.PartitionSummary;

/**
 * An open partition: its log, and beside the log's own state what of it is published, from which
 * checkpoints are written.
 */
final class OpenPartition {
  private final StoredPartitionLog log;
  private PartitionSummary published;

  OpenPartition(StoredPartitionLog log, PartitionSummary published) {
    this.log = log;
    this.published = published;
  }

  StoredPartitionLog log() {
    return log;
  }

  synchronized PartitionSummary published() {
    return published;
  }

  /** Footers come in the order of their offsets. */
  synchronized void onPublished(PartitionFooter footer, long nowMs) {
    published = published.fold(footer, nowMs);
  }

  synchronized void expireProducers(long nowMs, long idleMsMax) {
    published = published.withoutIdle(nowMs, idleMsMax);
    log.expireProducers(idleMsMax);
  }
}
