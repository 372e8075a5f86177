package io.millrace.storage.object;

import io.millrace.objectstore.ObjectStore;
import io.millrace.runtime.Clock;
import io.millrace.runtime.EventLoop;
import io.millrace.runtime.FailureCause;
import io.millrace.runtime.Randomness;
import io.millrace.storage.compaction.CompactionRules;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.ObjectInfo;
import io.millrace.storage.object.MergeTask.MergeParts;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Merges whenever the image calls for it, and compacts when nothing else is to be merged, one merge
 * at a time, on its own loop. A merge that fails begins again after a while, as another one: its
 * outputs get new names. Owned by one incarnation; ends with it.
 */
public final class Merger implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Merger.class);
  private static final long RETRY_NS = TimeUnit.SECONDS.toNanos(5);
  private static final long LOOK_MS_MIN = 100;
  private static final long TELL_NS = TimeUnit.MINUTES.toNanos(10);

  /** How often level 0 is looked into for what is dead, if something may have been dropped. */
  static final long REVIEW_NS = TimeUnit.MINUTES.toNanos(10);

  private final MergeParts parts;
  private final MergeSetbacks setbacks = new MergeSetbacks();
  private final MergePlanner planner;
  private final CompactionPlanner compactions;
  private final DeadShare deadShare;
  private final Clock clock;
  private long toldAtNs;
  private boolean running;
  private boolean changedMeanwhile;

  /** Since the last review. */
  private volatile boolean imageChanged = true;

  private boolean reviewDue;
  private volatile boolean stopped;

  /** What objects are found, read and understood with. */
  public record Access(
      ObjectStore store,
      MetadataLog metadata,
      FooterCache footers,
      ObjectPins pins,
      ObjectCatalog catalog,
      ObjectReader reader,
      PartitionOpener opener) {}

  public Merger(
      Access access,
      Randomness randomness,
      Clock clock,
      EventLoop loop,
      MergeSettings settings,
      MergePace pace,
      MergeCounters counters) {
    MetadataLog metadata = access.metadata();
    this.parts =
        new MergeParts(
            access.store(),
            metadata,
            access.footers(),
            new ListedReads(metadata, access.pins()),
            access.reader(),
            randomness,
            loop,
            settings,
            pace,
            counters);
    this.planner = new MergePlanner(metadata.writer(), settings, setbacks);
    this.compactions =
        new CompactionPlanner(
            metadata.writer(), access.catalog(), access.opener(), loop, clock, setbacks);
    this.deadShare = new DeadShare(access.footers(), loop);
    this.clock = clock;
    this.toldAtNs = clock.monotonicNs();
  }

  /** Looks now, and after every change of the image. */
  public void start() {
    parts.metadata().addListener((before, after) -> onImage(before, after));
    wake();
    parts.loop().execute(this::reviewLater);
  }

  /**
   * Objects of level 0 wait until there are many, on an idle broker for ever: those of which most
   * is dead are not to keep their space so long.
   */
  private void reviewLater() {
    if (!stopped && !parts.metadata().ended().isDone()) {
      parts
          .loop()
          .schedule(
              REVIEW_NS,
              () -> {
                if (imageChanged) {
                  imageChanged = false;
                  reviewDue = true;
                  next();
                }
                reviewLater();
              });
    }
  }

  /** Compacts by these rules from now on; nothing is compacted before. Once. */
  public void compactBy(CompactionRules rules) {
    parts
        .loop()
        .execute(() -> {
          compactions.begin(rules);
          lookAgain(rules);
        });
  }

  /** Merges what of level 0 is this broker's to merge, however little there is. */
  public void mergeLevelZero() {
    parts
        .loop()
        .execute(() -> {
          planner.wantLevelZero(parts.metadata().image());
          next();
        });
  }

  private void lookAgain(CompactionRules rules) {
    next();
    if (!stopped && !parts.metadata().ended().isDone()) {
      parts
          .loop()
          .schedule(
              TimeUnit.MILLISECONDS.toNanos(Math.max(LOOK_MS_MIN, rules.intervalMs())),
              () -> lookAgain(rules));
    }
  }

  /**
   * Gives up the merge under way, whose outputs are garbage then, and ends the loop. Idempotent.
   */
  @Override
  public synchronized void close() {
    if (!stopped) {
      stopped = true;
      parts.loop().execute(this::endIfIdle);
    }
  }

  private void endIfIdle() {
    if (stopped && !running) {
      parts.loop().close();
    }
  }

  private synchronized void onImage(MetadataImage before, MetadataImage after) {
    if (!(before.sameObjects(after) && before.sameTopics(after))) {
      imageChanged = true;
      if (!stopped) {
        wake();
      }
    }
  }

  private void wake() {
    parts.loop().execute(this::next);
  }

  private void next() {
    changedMeanwhile = running;
    if (running || stopped || parts.metadata().ended().isDone()) {
      return;
    }
    running = true;
    MetadataImage image = parts.metadata().image();
    setbacks.onImage(image);
    var _ =
        review(image)
            .thenComposeAsync(
                _ -> deadShare.mostlyDead(image, planner.shared(image), 1), parts.loop())
            .thenComposeAsync(dead -> mergeOnce(image, dead.stream().findFirst()), parts.loop())
            .whenCompleteAsync(this::finished, parts.loop());
  }

  private CompletableFuture<Void> review(MetadataImage image) {
    if (!reviewDue) {
      return CompletableFuture.completedFuture(null);
    }
    return deadShare
        .mostlyDead(image, planner.levelZero(image), Integer.MAX_VALUE)
        .thenAcceptAsync(
            dead -> {
              dead.forEach(planner::want);
              reviewDue = false;
            },
            parts.loop())
        // the next look tries again; what else is to be merged must not wait for it
        .exceptionally(_ -> null);
  }

  /** What one look at the image came to. */
  private enum Result {
    IDLE,
    PUBLISHED,
    VOIDED
  }

  private CompletableFuture<Result> mergeOnce(MetadataImage image, Optional<ObjectInfo> dead) {
    var plan = planner.plan(image, dead);
    return plan.isPresent()
        ? merge(image, plan.get())
        : compactions
            .plan(image)
            .thenComposeAsync(
                compaction ->
                    compaction.isPresent()
                        ? merge(image, compaction.get())
                        : CompletableFuture.completedFuture(Result.IDLE),
                parts.loop());
  }

  private CompletableFuture<Result> merge(MetadataImage image, MergePlan plan) {
    long bytes = plan.inputs().stream().mapToLong(ObjectInfo::sizeBytes).sum();
    return new MergeTask(plan, image, parts, () -> stopped)
        .run()
        .thenApplyAsync(
            published -> {
              if (published) {
                parts.counters().addMerge(bytes);
                tell();
                compactions.onPublished();
              }
              return published ? Result.PUBLISHED : Result.VOIDED;
            },
            parts.loop())
        .whenCompleteAsync(
            (_, failure) -> {
              if (failure != null && FailureCause.of(failure) instanceof ObjectCorruptException) {
                setbacks.onDamage(plan);
              }
            },
            parts.loop());
  }

  /** What merging costs, now and then. */
  private void tell() {
    long nowNs = clock.monotonicNs();
    if (nowNs - toldAtNs < TELL_NS) {
      return;
    }
    toldAtNs = nowNs;
    MergeCounters counters = parts.counters();
    LOG.info(
        "Merged so far: {} merges of {} bytes; each byte was written {} times of partitions with objects of their own, {} times of those that share them, the log included",
        counters.merges(),
        counters.inputBytes(),
        "%.2f".formatted(counters.own().amplification()),
        "%.2f".formatted(counters.shared().amplification()));
  }

  private void finished(@Nullable Result result, @Nullable Throwable failure) {
    running = false;
    endIfIdle();
    if (stopped || parts.metadata().ended().isDone()) {
      return;
    }
    if (failure != null) {
      report(failure);
    }
    if (failure != null || result == Result.VOIDED) {
      parts.counters().addFailure();
      parts.loop().schedule(RETRY_NS, this::next);
    } else if (changedMeanwhile || result == Result.PUBLISHED) {
      next();
    }
  }

  private void report(Throwable failure) {
    Throwable cause = FailureCause.of(failure);
    switch (cause) {
      case CancellationException _ -> LOG.debug("A merge was stopped");
      case ObjectCorruptException corrupt ->
          LOG.error("A merge is not published: {}", corrupt.getMessage());
      case ObjectAbsentException absent ->
          LOG.info("A merge begins again: {}", absent.getMessage());
      case StoreUnavailableException unavailable ->
          LOG.warn("A merge begins again: {}", unavailable.getMessage());
      default -> LOG.error("A merge failed", cause);
    }
  }
}
