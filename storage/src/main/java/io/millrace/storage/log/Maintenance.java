package io.millrace.storage.log;

import io.millrace.runtime.Environment;
import io.millrace.runtime.EventLoop;
import io.millrace.storage.Keys;
import io.millrace.storage.WriterId;
import io.millrace.storage.compaction.CompactionRules;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.ObjectInfo;
import io.millrace.storage.object.Checkpointer;
import io.millrace.storage.object.Footer;
import io.millrace.storage.object.Footer.PartitionFooter;
import io.millrace.storage.object.FooterCache;
import io.millrace.storage.object.GarbageCollector;
import io.millrace.storage.object.Merger;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What goes on beside appends and reads: follows the publication of the own WAL files, forgets idle
 * producers, deletes by age and size, merges and compacts, writes checkpoints and collects garbage.
 * On loops of its own.
 */
final class Maintenance {
  private static final Logger LOG = LoggerFactory.getLogger(Maintenance.class);

  private final EventLoop loop;
  private final Environment environment;
  private final StorageSettings settings;
  private final WriterId writer;
  private final FooterCache footers;
  private final OpenPartitions partitions;
  private final Merger merger;
  private final Checkpointer checkpointer;
  private final GarbageCollector collector;
  private final Retention retention;
  private final CompactionFeeder feeder;
  private final CompactedTails compactedTails;
  private volatile long producerIdleMsMax;
  private volatile CompletableFuture<Void> folded = CompletableFuture.completedFuture(null);

  Maintenance(
      Environment environment,
      StorageSettings settings,
      EventLoop loop,
      MetadataLog metadata,
      FooterCache footers,
      OpenPartitions partitions,
      Merger merger,
      Checkpointer checkpointer,
      GarbageCollector collector,
      Retention retention,
      CompactionFeeder feeder,
      CompactedTails compactedTails) {
    this.loop = loop;
    this.environment = environment;
    this.settings = settings;
    this.producerIdleMsMax = settings.producerIdleMsMax();
    this.writer = metadata.writer();
    this.footers = footers;
    this.partitions = partitions;
    this.merger = merger;
    this.checkpointer = checkpointer;
    this.collector = collector;
    this.retention = retention;
    this.feeder = feeder;
    this.compactedTails = compactedTails;
  }

  /** Any thread; holds from the next look on. */
  void forgetProducersAfter(OptionalLong idleMsMax) {
    producerIdleMsMax = idleMsMax.orElse(settings.producerIdleMsMax());
  }

  /** Records are kept by these rules; none is deleted before. */
  void retainBy(RetentionRules rules) {
    retention.start(rules);
  }

  /** Topics are compacted by these rules; none is before. */
  void compactBy(CompactionRules rules) {
    merger.compactBy(rules);
    feeder.start(rules);
    compactedTails.start(rules);
  }

  void start() {
    scheduleExpiry();
    merger.start();
    checkpointer.start(TimeUnit.MILLISECONDS.toNanos(settings.checkpointIntervalMs()));
    collector.start(TimeUnit.MILLISECONDS.toNanos(settings.garbageIntervalMs()));
  }

  /** On the metadata loop, for each image in order. */
  void onImage(MetadataImage before, MetadataImage after) {
    retention.onImage(before, after);
    compactedTails.onImage(before, after);
    long counter = publishedCounter(after);
    if (counter == publishedCounter(before)) {
      return;
    }
    List<ObjectInfo> published =
        after.objects().values().stream()
            .filter(object -> object.level() == 0 && object.writer().equals(writer))
            .filter(object -> !before.objects().containsKey(object.key()))
            .sorted(Comparator.comparingLong(object -> Keys.number(object.key())))
            .toList();
    // read all at once, folded one after the other
    published.forEach(object ->
        folded =
            folded
                .thenCombine(footers.get(object), (_, footer) -> footer)
                .thenAccept(this::fold)
                .exceptionally(failure -> skipped(object, failure)));
    for (OpenPartition partition : partitions.all()) {
      partition.log().onPublished(counter);
    }
  }

  private long publishedCounter(MetadataImage image) {
    @Nullable Incarnation own = image.incarnations().get(writer);
    return own == null ? -1 : own.publishedCounter();
  }

  /** The next checkpoint advances from what lies in the store. */
  private static @Nullable Void skipped(ObjectInfo object, Throwable failure) {
    LOG.info("The footer of {} was not read as it was published: {}", object.key(), failure);
    return null;
  }

  private void fold(Footer footer) {
    for (PartitionFooter part : footer.partitions()) {
      OpenPartition partition = partitions.find(part.partition());
      if (partition != null) {
        partition.onPublished(part, nowMs());
      }
    }
  }

  private void scheduleExpiry() {
    loop.schedule(
        TimeUnit.MILLISECONDS.toNanos(settings.producerIdleCheckMs()),
        () -> {
          for (OpenPartition partition : partitions.all()) {
            partition.expireProducers(nowMs(), producerIdleMsMax);
          }
          scheduleExpiry();
        });
  }

  /**
   * Last things, after the last file is published: checkpoints, so that the next start reads few
   * footers.
   */
  CompletableFuture<Void> stop() {
    merger.close();
    collector.close();
    return checkpoint();
  }

  /** Checkpoints of all that is published; what prevents them costs the next opening more reads. */
  CompletableFuture<Void> checkpoint() {
    return folded
        .thenCompose(_ -> checkpointer.checkpoint())
        .exceptionally(failure -> {
          LOG.warn("Checkpoints were not written; the next opening reads more footers", failure);
          return null;
        });
  }

  void close() {
    merger.close();
    checkpointer.close();
    collector.close();
    loop.close();
  }

  private long nowMs() {
    return TimeUnit.NANOSECONDS.toMillis(environment.clock().monotonicNs());
  }
}
