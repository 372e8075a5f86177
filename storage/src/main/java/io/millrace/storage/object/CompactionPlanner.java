package io.millrace.storage.object;

import io.millrace.runtime.Clock;
import io.millrace.runtime.EventLoop;
import io.millrace.runtime.FailureCause;
import io.millrace.storage.PartitionId;
import io.millrace.storage.WallClockWatch;
import io.millrace.storage.WriterId;
import io.millrace.storage.compaction.CompactionRules;
import io.millrace.storage.compaction.CompactionRules.Rule;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Checkpoint;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.MetadataImage.Topic;
import io.millrace.storage.metadata.ObjectInfo;
import io.millrace.storage.object.Footer.ProducerSnapshot;
import io.millrace.storage.object.Footer.Run;
import io.millrace.storage.object.MergePlan.Compaction;
import io.millrace.storage.object.ObjectCatalog.Part;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Decides which partitions to compact by key: that of which most was never compacted, and on the
 * way those that lie in the same objects. A partition is compacted from its log start on, so that
 * whether a marker or a tombstone is still needed can be seen; level 0 is left to merges. What ends
 * below a checkpoint and below every transaction that was open then is settled for good. The live
 * broker with the lowest id does it for all. On the merge's loop.
 */
final class CompactionPlanner {
  private final WriterId self;
  private final ObjectCatalog catalog;
  private final PartitionOpener opener;
  private final EventLoop loop;
  private final Clock clock;
  private final WallClockWatch wallClock;
  private final MergeSetbacks setbacks;
  private @Nullable CompactionRules rules;
  private long nextLookNs;

  /** Wall time of the look under way, when the clock was found to be steady. */
  private long nowMs;

  CompactionPlanner(
      WriterId self,
      ObjectCatalog catalog,
      PartitionOpener opener,
      EventLoop loop,
      Clock clock,
      MergeSetbacks setbacks) {
    this.self = self;
    this.catalog = catalog;
    this.opener = opener;
    this.loop = loop;
    this.clock = clock;
    this.setbacks = setbacks;
    this.wallClock = new WallClockWatch(clock, "No records are compacted");
  }

  /**
   * A partition that may be compacted.
   *
   * @param parts above level 0, from the log start on without a gap
   * @param dirtyFrom where the first of them begins that was never compacted
   * @param dirtyTo what lies above is too young, or behind the checkpoint
   * @param dirtyShare of their bytes below that
   * @param overdue whether its share is no matter
   */
  private record Candidate(
      PartitionId id,
      Rule rule,
      Checkpoint checkpoint,
      List<Part> parts,
      long dirtyFrom,
      long dirtyTo,
      double dirtyShare,
      boolean overdue) {
    boolean due() {
      return overdue || dirtyShare > rule.dirtyRatioMin();
    }

    /** Objects that hold it below an offset. */
    Set<ObjectInfo> objects(long end) {
      Set<ObjectInfo> objects = new LinkedHashSet<>();
      for (Part part : parts) {
        if (part.footer().baseOffset() < end) {
          objects.add(part.object());
        }
      }
      return objects;
    }
  }

  /** Compaction begins, and is looked for each interval of the rules. */
  void begin(CompactionRules given) {
    rules = given;
    nextLookNs = clock.monotonicNs();
  }

  /** More may be due right now. */
  void onPublished() {
    nextLookNs = clock.monotonicNs();
  }

  /** What to compact now; empty too if it was looked for a short while ago. */
  CompletableFuture<Optional<MergePlan>> plan(MetadataImage image) {
    CompactionRules given = rules;
    long nowNs = clock.monotonicNs();
    if (given == null || nowNs < nextLookNs || !image.isLowestLive(self)) {
      return CompletableFuture.completedFuture(Optional.empty());
    }
    nextLookNs = nowNs + TimeUnit.MILLISECONDS.toNanos(given.intervalMs());
    if (!wallClock.steady()) {
      return CompletableFuture.completedFuture(Optional.empty());
    }
    nowMs = clock.wallMs();
    List<Candidate> candidates = new ArrayList<>();
    Iterator<PartitionId> ids =
        compacted(image, given).stream().filter(setbacks::mayCompact).toList().iterator();
    return LoopSteps.repeat(
            loop,
            () ->
                ids.hasNext()
                    ? look(image, given, ids.next(), candidates).thenApply(_ -> true)
                    : CompletableFuture.completedFuture(false))
        .thenComposeAsync(_ -> choose(given, candidates), loop);
  }

  private static List<PartitionId> compacted(MetadataImage image, CompactionRules given) {
    List<PartitionId> ids = new ArrayList<>();
    for (Topic topic : image.topics().values()) {
      if (given.rule(image, topic.id()).isPresent()) {
        for (int p = 0; p < topic.partitions().size(); p++) {
          if (topic.partitions().get(p).checkpoint().isPresent()) {
            ids.add(new PartitionId(topic.id(), p));
          }
        }
      }
    }
    return ids;
  }

  private CompletableFuture<Void> look(
      MetadataImage image, CompactionRules given, PartitionId id, List<Candidate> candidates) {
    Partition partition = image.partition(id);
    Optional<Rule> rule = given.rule(image, id.topicId());
    if (partition == null || partition.checkpoint().isEmpty() || rule.isEmpty()) {
      return CompletableFuture.completedFuture(null);
    }
    return unlessDamaged(
        catalog
            .parts(image, id, partition.logStart())
            .thenAcceptAsync(
                parts ->
                    candidate(
                            id,
                            rule.get(),
                            partition.checkpoint().get(),
                            settled(parts, partition.logStart()))
                        .filter(Candidate::due)
                        .ifPresent(candidates::add),
                loop));
  }

  /** A partition with a damaged footer or checkpoint is passed over; others are not to wait. */
  private static CompletableFuture<Void> unlessDamaged(CompletableFuture<Void> look) {
    return look.exceptionallyCompose(failure ->
        FailureCause.of(failure) instanceof ObjectCorruptException
            ? CompletableFuture.completedFuture(null)
            : CompletableFuture.failedFuture(failure));
  }

  /** Those above level 0 from the log start on, up to a gap, which level 0 fills. */
  private static List<Part> settled(List<Part> parts, long logStart) {
    List<Part> settled = new ArrayList<>();
    long end = -1;
    for (Part part : parts) {
      boolean follows =
          end < 0 ? part.footer().baseOffset() <= logStart : part.footer().baseOffset() == end;
      if (!follows || part.object().level() == 0) {
        break;
      }
      settled.add(part);
      end = part.footer().endOffset();
    }
    return settled;
  }

  private Optional<Candidate> candidate(
      PartitionId id, Rule rule, Checkpoint checkpoint, List<Part> parts) {
    long dirtyTo = Math.min(checkpoint.end(), firstYoung(rule, parts));
    long dirty = 0;
    long clean = 0;
    Part firstDirty = null;
    for (Part part : parts) {
      if (part.footer().isCompacted()) {
        clean += part.footer().bytes();
      } else if (part.footer().baseOffset() < dirtyTo) {
        firstDirty = firstDirty == null ? part : firstDirty;
        dirty += bytesBelow(part, dirtyTo);
      }
    }
    if (firstDirty == null) {
      return Optional.empty();
    }
    long oldestMs = firstDirty.footer().runs().getFirst().maxTimestamp();
    boolean overdue = oldestMs >= 0 && oldestMs < nowMs - rule.lagMsMax();
    return Optional.of(
        new Candidate(
            id,
            rule,
            checkpoint,
            parts,
            firstDirty.footer().baseOffset(),
            dirtyTo,
            (double) dirty / (dirty + clean),
            overdue));
  }

  private static long bytesBelow(Part part, long offset) {
    return part.footer().runs().stream()
        .filter(run -> run.baseOffset() < offset)
        .mapToLong(Run::bytes)
        .sum();
  }

  /** The first for which there is something to do, and what can be done on the way. */
  private CompletableFuture<Optional<MergePlan>> choose(
      CompactionRules given, List<Candidate> candidates) {
    candidates.sort(
        Comparator.comparing((Candidate c) -> !c.overdue())
            .thenComparing(Comparator.comparingDouble(Candidate::dirtyShare).reversed())
            .thenComparing(Candidate::id));
    Map<PartitionId, Compaction> compactions = new TreeMap<>();
    Set<ObjectInfo> inputs = new LinkedHashSet<>();
    Iterator<Candidate> left = candidates.iterator();
    return LoopSteps.repeat(
            loop,
            () ->
                left.hasNext()
                    ? add(given, left.next(), inputs, compactions).thenApply(_ -> true)
                    : CompletableFuture.completedFuture(false))
        .thenApply(_ ->
            compactions.isEmpty()
                ? Optional.empty()
                : Optional.of(
                    new MergePlan(
                        List.copyOf(inputs),
                        inputs.stream().mapToInt(ObjectInfo::level).max().orElse(1),
                        false,
                        Map.copyOf(compactions))));
  }

  private CompletableFuture<Void> add(
      CompactionRules given,
      Candidate candidate,
      Set<ObjectInfo> inputs,
      Map<PartitionId, Compaction> compactions) {
    if (!inputs.isEmpty()
        && (setbacks.mustBeAlone(candidate.id())
            || compactions.keySet().stream().anyMatch(setbacks::mustBeAlone)
            || !inputs.containsAll(candidate.objects(candidate.dirtyFrom() + 1)))) {
      return CompletableFuture.completedFuture(null);
    }
    return unlessDamaged(
        opener
            .checkpoint(candidate.id(), candidate.checkpoint())
            .thenAcceptAsync(
                checkpoint -> {
                  long end = end(candidate, checkpoint);
                  Set<ObjectInfo> objects = candidate.objects(end);
                  if (end > candidate.dirtyFrom()
                      && (inputs.isEmpty() || new HashSet<>(inputs).containsAll(objects))) {
                    inputs.addAll(objects);
                    compactions.put(
                        candidate.id(),
                        new Compaction(
                            candidate.dirtyFrom(),
                            end,
                            checkpoint.end(),
                            nowMs,
                            candidate.rule().deleteRetentionMs(),
                            given.keyBytesMax()));
                  }
                },
                loop));
  }

  /** Below it every transaction has ended, and every record is old enough. */
  private long end(Candidate candidate, PartitionCheckpoint checkpoint) {
    long end = Math.min(candidate.dirtyTo(), candidate.parts().getLast().footer().endOffset());
    for (ProducerSnapshot producer : checkpoint.producers()) {
      if (producer.transactionFirstOffset() >= 0) {
        end = Math.min(end, producer.transactionFirstOffset());
      }
    }
    return end;
  }

  private long firstYoung(Rule rule, List<Part> parts) {
    long lagMs = rule.lagMsMin();
    if (lagMs > 0) {
      long oldEnoughMs = nowMs - lagMs;
      for (Part part : parts) {
        for (Run run : part.footer().runs()) {
          if (!part.footer().isCompacted() && run.maxTimestamp() > oldEnoughMs) {
            return run.baseOffset();
          }
        }
      }
    }
    return Long.MAX_VALUE;
  }
}
