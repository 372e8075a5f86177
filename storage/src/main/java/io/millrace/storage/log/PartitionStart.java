package io.millrace.storage.log;

import io.millrace.runtime.Clock;
import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.object.ObjectReader;
import io.millrace.storage.object.PartitionOpener;
import io.millrace.storage.object.PartitionSummary;
import io.millrace.storage.wal.Wal;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.errors.NotLeaderOrFollowerException;

/** Opens a partition this incarnation leads, at the end of all that is published of it. */
final class PartitionStart {
  private final MetadataLog metadata;
  private final PartitionOpener opener;
  private final ObjectReader reader;
  private final Wal wal;
  private final TailReader tailReader;
  private final Clock clock;

  PartitionStart(
      MetadataLog metadata,
      PartitionOpener opener,
      ObjectReader reader,
      Wal wal,
      TailReader tailReader,
      Clock clock) {
    this.metadata = metadata;
    this.opener = opener;
    this.reader = reader;
    this.wal = wal;
    this.tailReader = tailReader;
    this.clock = clock;
  }

  /**
   * The partition at the leader epoch of the image before anything was read: if that is still its
   * epoch when it is open, nobody else has written meanwhile.
   */
  CompletableFuture<OpenPartition> open(PartitionId id) {
    int leaderEpoch = present(id).leaderEpoch();
    return opener.open(id).thenApply(summary -> open(id, leaderEpoch, summary));
  }

  private Partition present(PartitionId id) {
    Partition partition = metadata.image().partition(id);
    if (partition == null) {
      throw new NotLeaderOrFollowerException(id + " is no longer there.");
    }
    return partition;
  }

  private OpenPartition open(PartitionId id, int leaderEpoch, PartitionSummary summary) {
    long nowNs = clock.monotonicNs();
    long logStart = present(id).logStart();
    long end = Math.max(summary.end(), logStart);
    StoredPartitionLog.Opened opened =
        new StoredPartitionLog.Opened(
            id,
            leaderEpoch,
            logStart,
            end,
            new EpochHistory(summary.epochs(), leaderEpoch, end),
            new ProducerStates(summary.producers(TimeUnit.NANOSECONDS.toMillis(nowNs)), nowNs));
    return new OpenPartition(
        new StoredPartitionLog(opened, new ObjectHistory(id, reader), wal, tailReader, clock),
        summary);
  }
}
