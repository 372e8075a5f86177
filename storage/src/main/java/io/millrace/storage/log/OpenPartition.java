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

  /**
   * Footers come in the order of their offsets. One that is known already adds nothing; behind a
   * gap (an image was skipped in which the object before was still listed, or its footer could not
   * be read) the summary stays as it is, until the next checkpoint advances it from the objects.
   */
  synchronized void onPublished(PartitionFooter footer, long nowMs) {
    if (footer.endOffset() > published.end() && footer.baseOffset() <= published.end()) {
      published = published.fold(footer, nowMs);
    }
  }

  /** The same by what was read in the objects. */
  synchronized void advanced(PartitionSummary summary) {
    if (summary.end() > published.end()) {
      published = summary;
    }
  }

  synchronized void expireProducers(long nowMs, long idleMsMax) {
    published = published.withoutIdle(nowMs, idleMsMax);
    log.expireProducers(idleMsMax);
  }
}
