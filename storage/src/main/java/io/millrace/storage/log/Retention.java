package io.millrace.storage.log;

import io.millrace.runtime.Clock;
import io.millrace.runtime.EventLoop;
import io.millrace.runtime.FailureCause;
import io.millrace.storage.PartitionId;
import io.millrace.storage.WallClockWatch;
import io.millrace.storage.log.RetentionRules.Limits;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.MetadataImage.Topic;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataRecord.LogStartMoved;
import io.millrace.storage.object.LoopSteps;
import io.millrace.storage.object.ObjectCatalog.Span;
import io.millrace.storage.object.ObjectReader;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Moves the log start of the partitions led here past what is too old or too much; merges and the
 * collector free the space. A log start moves when what is over the limit is an eighth of it (at
 * most an hour, or 64 MiB), and then exactly up to the limit, so that few entries say it. All steps
 * run on one loop. A round comes with each interval; where a topic's limits change, it is looked at
 * at once.
 */
final class Retention {
  static final long SLACK_MS_MAX = TimeUnit.HOURS.toMillis(1);
  static final long SLACK_BYTES_MAX = 64L << 20;

  private static final Logger LOG = LoggerFactory.getLogger(Retention.class);
  private static final int SLACK_PART = 8;
  private static final long FIRST_MS_MAX = TimeUnit.SECONDS.toMillis(30);

  /** Partitions that are looked into, or whose log starts are being moved, at the same time. */
  private static final int AT_ONCE_MAX = 64;

  private final MetadataLog metadata;
  private final ObjectReader objects;
  private final OpenPartitions partitions;
  private final EventLoop loop;
  private final Clock clock;
  private final WallClockWatch wallClock;
  private final Map<PartitionId, Look> looks = new HashMap<>();
  private final Map<Uuid, Limits> topicLimits = new HashMap<>();

  /** Topics to look at in the next round. */
  private final Set<Uuid> wanted = new HashSet<>();

  private @Nullable RetentionRules rules;
  private boolean running;

  Retention(
      MetadataLog metadata,
      ObjectReader objects,
      OpenPartitions partitions,
      EventLoop loop,
      Clock clock) {
    this.metadata = metadata;
    this.objects = objects;
    this.partitions = partitions;
    this.loop = loop;
    this.clock = clock;
    this.wallClock = new WallClockWatch(clock, "No records are deleted by age");
  }

  /** What was found at the last look, as long as it holds: nothing may go before {@code dueMs}. */
  private record Look(Limits limits, long logStart, long dueMs) {}

  /** A first round soon, and then one each interval; once. */
  void start(RetentionRules given) {
    loop.execute(() -> {
      rules = given;
      limitsChanged(given); // from now on
      schedule(Math.min(given.intervalMs(), FIRST_MS_MAX));
    });
  }

  /** On the metadata loop, for each image in order: what was configured anew acts at once. */
  @SuppressWarnings("ReferenceEquality") // configs without a change are the very map
  void onImage(MetadataImage before, MetadataImage after) {
    if (before.configs() != after.configs()) {
      loop.execute(() -> {
        RetentionRules given = rules;
        if (given != null) {
          wanted.addAll(limitsChanged(given));
          run();
        }
      });
    }
  }

  /** Topics that were there before with other limits. */
  private Set<Uuid> limitsChanged(RetentionRules given) {
    MetadataImage image = metadata.image();
    Set<Uuid> changed = new HashSet<>();
    topicLimits.keySet().retainAll(image.topics().keySet());
    for (Uuid topic : image.topics().keySet()) {
      Limits now = given.limits(image, topic);
      Limits then = topicLimits.put(topic, now);
      if (then != null && !then.equals(now)) {
        changed.add(topic);
      }
    }
    return changed;
  }

  private void schedule(long ms) {
    loop.schedule(
        TimeUnit.MILLISECONDS.toNanos(ms),
        () -> {
          RetentionRules given = rules;
          if (given != null && !metadata.ended().isDone()) {
            limitsChanged(given);
            wanted.addAll(metadata.image().topics().keySet());
            run();
            schedule(given.intervalMs());
          }
        });
  }

  /** A round of what is wanted, now or after the one under way. */
  private void run() {
    RetentionRules given = rules;
    if (running || wanted.isEmpty() || given == null || metadata.ended().isDone()) {
      return;
    }
    running = true;
    Set<Uuid> topics = Set.copyOf(wanted);
    wanted.clear();
    var _ =
        round(given, topics)
            .whenCompleteAsync(
                (_, _) -> {
                  running = false;
                  run();
                },
                loop);
  }

  /** What is wrong with one partition keeps the records of no other. */
  private @Nullable Void failed(PartitionId id, Throwable failure) {
    if (!metadata.ended().isDone()) {
      LOG.warn(
          "Records of {} stay longer than configured, the next round tries again: {}",
          id,
          FailureCause.of(failure).toString());
    }
    return null;
  }

  private CompletableFuture<Void> round(RetentionRules given, Set<Uuid> topics) {
    MetadataImage image = metadata.image();
    looks.keySet().removeIf(id -> !leads(image.partition(id)));
    Iterator<PartitionId> led = led(image, topics).iterator();
    return LoopSteps.repeat(loop, () -> some(given, image, led));
  }

  private List<PartitionId> led(MetadataImage image, Set<Uuid> topics) {
    List<PartitionId> led = new ArrayList<>();
    for (Topic topic : image.topics().values()) {
      for (int p = 0; p < topic.partitions().size(); p++) {
        if (topics.contains(topic.id()) && leads(topic.partitions().get(p))) {
          led.add(new PartitionId(topic.id(), p));
        }
      }
    }
    return led;
  }

  /** The next few that have something to look into. */
  private CompletableFuture<Boolean> some(
      RetentionRules given, MetadataImage image, Iterator<PartitionId> led) {
    List<CompletableFuture<Void>> some = new ArrayList<>();
    boolean byAge = wallClock.steady(); // of this very moment: a round may take minutes
    long nowMs = clock.wallMs();
    while (led.hasNext() && some.size() < AT_ONCE_MAX) {
      PartitionId id = led.next();
      Partition partition = image.partition(id);
      Limits configured = given.limits(image, id.topicId());
      Limits limits = byAge ? configured : new Limits(-1, configured.bytesMax());
      if (partition != null && !limits.none() && !isSettled(id, partition, limits, nowMs)) {
        some.add(look(id, partition, limits, nowMs).exceptionally(failure -> failed(id, failure)));
      }
    }
    return CompletableFuture.allOf(some.toArray(CompletableFuture<?>[]::new))
        .thenApply(_ -> led.hasNext());
  }

  private boolean isSettled(PartitionId id, Partition partition, Limits limits, long nowMs) {
    Look last = looks.get(id);
    boolean grows = limits.bytesMax() >= 0 && partitions.find(id) != null;
    return last != null
        && last.limits().equals(limits)
        && last.logStart() == partition.logStart()
        && nowMs < last.dueMs()
        && !grows;
  }

  private CompletableFuture<Void> look(
      PartitionId id, Partition partition, Limits limits, long nowMs) {
    long start = partition.logStart();
    return oldest(id, start)
        .thenCombine(
            limits.bytesMax() < 0 ? CompletableFuture.completedFuture(0L) : size(id, start),
            (oldest, size) -> {
              long dueMs = dueMs(oldest, limits.ageMsMax());
              long excess = limits.bytesMax() < 0 ? 0 : size - limits.bytesMax();
              if (excess > slack(limits.bytesMax(), SLACK_BYTES_MAX) || nowMs >= dueMs) {
                return move(id, partition, limits, nowMs, excess);
              }
              if (oldest.isPresent()) { // of what is empty nothing is known for the time to come
                loop.execute(() -> looks.put(id, new Look(limits, start, dueMs)));
              }
              return CompletableFuture.<Void>completedFuture(null);
            })
        .thenCompose(done -> done);
  }

  /** The time that its oldest records carry; empty if it has none, or none with a time. */
  private CompletableFuture<Optional<Long>> oldest(PartitionId id, long start) {
    OpenPartition open = partitions.find(id);
    return objects
        .spans(id, start, 1)
        .thenApply(published -> {
          List<Span> first =
              published.isEmpty() && open != null ? open.log().tail(start) : published;
          return first.isEmpty() || first.getFirst().maxTimestamp() < 0
              ? Optional.empty()
              : Optional.of(first.getFirst().maxTimestamp());
        });
  }

  /** What of an unopened partition there is lies in objects. */
  private CompletableFuture<Long> size(PartitionId id, long start) {
    OpenPartition open = partitions.find(id);
    return open == null
        ? objects.size(id, start).thenApply(ObjectReader.Size::bytes)
        : open.log().sizeBytes();
  }

  private long dueMs(Optional<Long> oldest, long ageMsMax) {
    if (ageMsMax < 0 || oldest.isEmpty()) {
      return Long.MAX_VALUE;
    }
    long stayMs = ageMsMax + slack(ageMsMax, SLACK_MS_MAX);
    return oldest.get() > Long.MAX_VALUE - stayMs ? Long.MAX_VALUE : oldest.get() + stayMs;
  }

  private static long slack(long limit, long max) {
    return Math.min(limit / SLACK_PART, max);
  }

  private CompletableFuture<Void> move(
      PartitionId id, Partition partition, Limits limits, long nowMs, long excess) {
    return partitions
        .open(id)
        .thenCompose(log -> {
          StoredPartitionLog stored = (StoredPartitionLog) log;
          return byAge(stored, limits.ageMsMax(), nowMs)
              .thenCombine(stored.startWithout(excess), Math::max);
        })
        .thenCompose(start -> {
          if (start <= partition.logStart()) {
            return CompletableFuture.completedFuture(null);
          }
          LOG.debug("Log start of {} moves from {} to {}", id, partition.logStart(), start);
          return metadata
              .submit(new LogStartMoved(id, partition.leaderEpoch(), start))
              .thenAccept(_ -> {}); // void if another leads by now, or it has moved further
        });
  }

  /** The first record that is young enough; the end if none is. */
  private static CompletableFuture<Long> byAge(StoredPartitionLog log, long ageMsMax, long nowMs) {
    if (ageMsMax < 0) {
      return CompletableFuture.completedFuture(0L);
    }
    long end = log.highWatermark();
    return log.firstAtOrAfter(nowMs - ageMsMax)
        .thenApply(found -> found.map(PartitionLog.OffsetAtTime::offset).orElse(end));
  }

  private boolean leads(@Nullable Partition partition) {
    return partition != null && partition.leader().equals(Optional.of(metadata.writer()));
  }
}
