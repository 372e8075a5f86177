package io.millrace.storage.log;

import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.ProducerIds;
import io.millrace.storage.wal.Wal;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.NotLeaderOrFollowerException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What belongs to one registered life of the broker. */
record Incarnation(
    Home home,
    MetadataLog metadata,
    ProducerIds producerIds,
    Wal wal,
    OpenPartitions partitions,
    Maintenance maintenance,
    Handovers handovers) {
  private static final Logger LOG = LoggerFactory.getLogger(Incarnation.class);

  void start() {
    maintenance.start();
    handovers.start();
    home.serving(metadata);
  }

  /** What is in the log is written and published; then nothing is done any more. */
  CompletableFuture<Void> stop() {
    return home.giveUp(handovers)
        .thenCompose(_ -> {
          partitions.close(new NotLeaderOrFollowerException("The broker is stopping."));
          return wal.stop();
        })
        .thenCompose(_ -> maintenance.stop())
        .thenCompose(_ -> home.resign(metadata))
        .whenComplete((_, _) -> {
          handovers.close();
          maintenance.close();
          metadata.close();
        });
  }

  /** It is over: nothing is acknowledged, committed or written from now on. */
  void end(ApiException reason) {
    List<Runnable> steps =
        List.of(
            () -> partitions.close(reason),
            handovers::close,
            maintenance::close,
            wal::close,
            metadata::close);
    for (Runnable step : steps) {
      try {
        step.run();
      } catch (RuntimeException bug) {
        // the other parts must end all the same
        LOG.error("A part of the incarnation {} did not end", metadata.writer(), bug);
      }
    }
  }
}
