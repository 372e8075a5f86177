package io.millrace.storage.cluster;

import io.millrace.runtime.EventLoop;
import io.millrace.storage.metadata.Command;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataRecord;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Commits what {@link LeaderBalance} plans, while this broker is the scribe: some time after
 * brokers or topics have changed, a bounded batch at a time. Owned by the cluster loop.
 */
final class BalanceRunner {
  static final int COMMANDS_MAX = Command.UNSETTLED_MAX;

  private final MetadataLog metadata;
  private final EventLoop loop;
  private final ClusterSettings settings;
  private MetadataImage planned = MetadataImage.EMPTY;
  private boolean scheduled;
  private boolean closed;

  BalanceRunner(MetadataLog metadata, EventLoop loop, ClusterSettings settings) {
    this.metadata = metadata;
    this.loop = loop;
    this.settings = settings;
  }

  void onImage(MetadataImage image) {
    if (!scheduled && !(image.sameTopics(planned) && image.brokers().equals(planned.brokers()))) {
      schedule();
    }
  }

  void close() {
    closed = true;
  }

  /** Not at once: changes come in crowds, and plans cost O(partitions). */
  private void schedule() {
    scheduled = true;
    var _ = loop.schedule(settings.heartbeatIntervalNs(), this::run);
  }

  private void run() {
    MetadataImage image = metadata.image();
    planned = image;
    Incarnation scribe = PeerScribe.of(image);
    List<MetadataRecord> records =
        closed || scribe == null || !scribe.writer().equals(metadata.writer())
            ? List.of()
            : LeaderBalance.plan(image, settings.balance(), COMMANDS_MAX);
    if (records.isEmpty()) {
      scheduled = false;
      return;
    }
    CompletableFuture<?>[] commands =
        records.stream().map(metadata::submit).toArray(CompletableFuture<?>[]::new);
    // Void ones too: whatever they relied on has changed, so the next plan is another.
    var _ = CompletableFuture.allOf(commands).whenCompleteAsync((_, _) -> schedule(), loop);
  }
}
