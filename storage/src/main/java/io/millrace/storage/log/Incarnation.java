package io.millrace.storage.log;

import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.ProducerIds;
import io.millrace.storage.wal.FileWal;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.errors.NotLeaderOrFollowerException;

/** What belongs to one registered life of the broker. */
record Incarnation(
    MetadataLog metadata,
    ProducerIds producerIds,
    FileWal wal,
    OpenPartitions partitions,
    Maintenance maintenance) {

  /** What is in the log is written and published; then nothing is done any more. */
  CompletableFuture<Void> stop() {
    partitions.close(new NotLeaderOrFollowerException("The broker is stopping."));
    return wal.stop()
        .thenCompose(_ -> maintenance.stop())
        .whenComplete((_, _) -> {
          maintenance.close();
          metadata.close();
        });
  }
}
