package io.millrace.storage.log;

import io.millrace.runtime.Clock;
import io.millrace.runtime.EventLoop;
import io.millrace.runtime.FailureCause;
import io.millrace.storage.PartitionId;
import io.millrace.storage.compaction.CompactionRules;
import io.millrace.storage.compaction.CompactionRules.Rule;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.MetadataImage.Topic;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.object.LoopSteps;
import io.millrace.storage.object.ObjectCatalog;
import io.millrace.storage.object.ObjectCatalog.Part;
import io.millrace.storage.object.ObjectCatalog.Span;
import io.millrace.storage.object.ObjectCorruptException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings records out of the log that are to be compacted but have rested there too long, as Kafka
 * closes a segment: publishes, writes checkpoints, has level 0 merged. Looks at the partitions led
 * here, once each interval, on one loop.
 */
final class CompactionFeeder {
  private static final Logger LOG = LoggerFactory.getLogger(CompactionFeeder.class);
  private static final long LOOK_MS_MIN = 100;

  private final MetadataLog metadata;
  private final ObjectCatalog catalog;
  private final OpenPartitions partitions;
  private final Supplier<CompletableFuture<Void>> feed;
  private final EventLoop loop;
  private final Clock clock;

  /**
   * @param feed publishes what rests in the log and brings it above level 0
   */
  CompactionFeeder(
      MetadataLog metadata,
      ObjectCatalog catalog,
      OpenPartitions partitions,
      Supplier<CompletableFuture<Void>> feed,
      EventLoop loop,
      Clock clock) {
    this.metadata = metadata;
    this.catalog = catalog;
    this.partitions = partitions;
    this.feed = feed;
    this.loop = loop;
    this.clock = clock;
  }

  /** Once. */
  void start(CompactionRules rules) {
    schedule(rules);
  }

  private void schedule(CompactionRules rules) {
    loop.schedule(
        TimeUnit.MILLISECONDS.toNanos(Math.max(LOOK_MS_MIN, rules.intervalMs())),
        () -> {
          if (!metadata.ended().isDone()) {
            var _ = round(rules).whenCompleteAsync((_, failure) -> ended(rules, failure), loop);
          }
        });
  }

  private void ended(CompactionRules rules, @Nullable Throwable failure) {
    if (failure != null && !metadata.ended().isDone()) {
      LOG.warn(
          "What is to be compacted stays in the log, the next round tries again: {}",
          FailureCause.of(failure).toString());
    }
    schedule(rules);
  }

  private CompletableFuture<Void> round(CompactionRules rules) {
    MetadataImage image = metadata.image();
    Iterator<PartitionId> ids = compacted(image, rules).iterator();
    boolean[] due = {false};
    return LoopSteps.repeat(
            loop,
            () ->
                ids.hasNext() && !due[0]
                    ? look(image, rules, ids.next())
                        .thenApply(found -> {
                          due[0] = found;
                          return true;
                        })
                    : CompletableFuture.completedFuture(false))
        .thenComposeAsync(_ -> due[0] ? feed.get() : CompletableFuture.completedFuture(null), loop);
  }

  private List<PartitionId> compacted(MetadataImage image, CompactionRules rules) {
    List<PartitionId> led = new ArrayList<>();
    for (Topic topic : image.topics().values()) {
      if (rules.rule(image, topic.id()).isPresent()) {
        for (int p = 0; p < topic.partitions().size(); p++) {
          if (topic.partitions().get(p).leader().equals(Optional.of(metadata.writer()))) {
            led.add(new PartitionId(topic.id(), p));
          }
        }
      }
    }
    return led;
  }

  private CompletableFuture<Boolean> look(
      MetadataImage image, CompactionRules rules, PartitionId id) {
    Optional<Rule> rule = rules.rule(image, id.topicId());
    Partition partition = image.partition(id);
    if (rule.isEmpty() || partition == null) {
      return CompletableFuture.completedFuture(false);
    }
    return catalog
        .parts(id, partition.logStart())
        .thenApply(parts -> isDue(rule.get(), id, partition.logStart(), parts))
        .exceptionallyCompose(failure ->
            // what is damaged of one is to keep no other from being fed
            FailureCause.of(failure) instanceof ObjectCorruptException
                ? CompletableFuture.completedFuture(false)
                : CompletableFuture.failedFuture(failure));
  }

  private boolean isDue(Rule rule, PartitionId id, long logStart, List<Part> parts) {
    long resting = 0;
    long dirty = 0;
    long clean = 0;
    long oldestMs = Long.MAX_VALUE;
    long end = logStart;
    for (Part part : parts) {
      long bytes = part.footer().bytes();
      end = part.footer().endOffset();
      if (part.footer().isCompacted()) {
        clean += bytes;
      } else {
        dirty += bytes;
      }
      if (part.object().level() == 0) {
        resting += bytes;
        oldestMs = older(oldestMs, part.footer().maxTimestamp());
      }
    }
    OpenPartition open = partitions.find(id);
    for (Span span : open == null ? List.<Span>of() : open.log().tail(end)) {
      resting += span.bytes();
      dirty += span.bytes();
      oldestMs = older(oldestMs, span.maxTimestamp());
    }
    boolean overdue = oldestMs < clock.wallMs() - rule.lagMsMax();
    boolean rested = resting >= rule.restBytes() || oldestMs < clock.wallMs() - rule.restMs();
    boolean worthIt = dirty > rule.dirtyRatioMin() * (dirty + clean);
    return resting > 0 && (overdue || (rested && worthIt));
  }

  /** Records without a time say nothing. */
  private static long older(long oldestMs, long timestampMs) {
    return timestampMs < 0 ? oldestMs : Math.min(oldestMs, timestampMs);
  }
}
