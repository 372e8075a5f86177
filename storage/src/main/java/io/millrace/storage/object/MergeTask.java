package io.millrace.storage.object;

import io.millrace.objectstore.ObjectStore;
import io.millrace.runtime.EventLoop;
import io.millrace.runtime.Randomness;
import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataLog.Outcome;
import io.millrace.storage.metadata.MetadataRecord.Dropped;
import io.millrace.storage.metadata.MetadataRecord.ObjectsMerged;
import io.millrace.storage.metadata.ObjectInfo;
import io.millrace.storage.object.MergeInputs.Source;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One merge, from its plan to the command that publishes it. Reads one stretch and writes one part
 * at a time, so memory is bounded whatever the inputs' size. Nothing is published unless all
 * outputs were read back and the sums are those of the inputs less what was dropped (invariant I7);
 * what a failed merge leaves in the store is garbage. All steps run on one loop.
 */
final class MergeTask {
  private final MergePlan plan;
  private final MetadataImage image;
  private final MergeParts parts;
  private final OutputVerifier verifier;
  private final SourceReader reader;
  private final MergeWriter writer;
  private final List<SourceMerge> merges = new ArrayList<>();

  /** What all merges of an incarnation share. */
  record MergeParts(
      ObjectStore store,
      MetadataLog metadata,
      FooterCache footers,
      ListedReads listed,
      ObjectReader reader,
      Randomness randomness,
      EventLoop loop,
      MergeSettings settings,
      MergePace pace,
      MergeCounters counters) {}

  MergeTask(MergePlan plan, MetadataImage image, MergeParts parts, BooleanSupplier stopped) {
    this.plan = plan;
    this.image = image;
    this.parts = parts;
    this.verifier = new OutputVerifier(parts.store(), parts.loop(), parts.pace());
    this.reader = new SourceReader(parts, stopped);
    this.writer = new MergeWriter(parts, plan, verifier);
  }

  /** True if published, false if the inputs changed meanwhile; fails if it must begin again. */
  CompletableFuture<Boolean> run() {
    return loadFooters()
        .thenComposeAsync(this::merge, parts.loop())
        .handleAsync((published, failure) -> finish(published, failure), parts.loop())
        .thenCompose(done -> done);
  }

  private CompletableFuture<Map<ObjectInfo, Footer>> loadFooters() {
    Map<ObjectInfo, Footer> footers = new LinkedHashMap<>();
    Iterator<ObjectInfo> inputs = plan.inputs().iterator();
    return LoopSteps.repeat(
            parts.loop(),
            () -> {
              if (!inputs.hasNext()) {
                return CompletableFuture.completedFuture(false);
              }
              ObjectInfo input = inputs.next();
              return parts
                  .footers()
                  .get(input)
                  .thenApply(footer -> footers.put(input, footer) == null);
            })
        .thenApply(_ -> footers);
  }

  private CompletableFuture<Boolean> merge(Map<ObjectInfo, Footer> footers) {
    MergeInputs inputs = new MergeInputs(image, footers);
    return each(
            inputs.groups(image, parts.settings().ownObjectBytesMin()),
            group ->
                each(group, this::merge).thenComposeAsync(_ -> writer.finishObject(), parts.loop()))
        .thenComposeAsync(_ -> publish(inputs), parts.loop());
  }

  private CompletableFuture<Void> merge(Source source) {
    SourceMerge merge =
        new SourceMerge(source, parts, reader, writer, plan.compactions().get(source.partition()));
    merges.add(merge);
    return merge.run(verifier);
  }

  private interface Step<T> {
    CompletableFuture<Void> run(T one);
  }

  /** One after the other. */
  private <T> CompletableFuture<Void> each(List<T> all, Step<T> step) {
    Iterator<T> left = all.iterator();
    return LoopSteps.repeat(
        parts.loop(),
        () ->
            left.hasNext()
                ? step.run(left.next()).thenApply(_ -> true)
                : CompletableFuture.completedFuture(false));
  }

  private CompletableFuture<Boolean> publish(MergeInputs inputs) {
    checkSums();
    List<String> keys = plan.inputs().stream().map(ObjectInfo::key).toList();
    return parts
        .metadata()
        .submit(new ObjectsMerged(keys, writer.outputs(), dropped(inputs)))
        .thenApply(outcome ->
            switch (outcome) {
              case Outcome.Applied _ -> true;
              case Outcome.Voided _ -> false;
            });
  }

  private void checkSums() {
    Map<PartitionId, BatchSums> found = new TreeMap<>(verifier.found());
    for (SourceMerge merge : merges) {
      PartitionId id = merge.source().partition();
      BatchSums ofPartition = found.remove(id);
      merge.check(ofPartition == null ? new BatchSums() : ofPartition, verifier.records(id));
    }
    if (!found.isEmpty()) {
      throw new ObjectCorruptException(
          "the merge wrote partitions it did not read: " + found.keySet());
    }
  }

  /** What a checkpoint must cover: below a log start, or compacted. */
  private List<Dropped> dropped(MergeInputs inputs) {
    Map<PartitionId, Long> ends = new TreeMap<>();
    inputs.dropped().forEach(dropped -> ends.put(dropped.partition(), dropped.end()));
    for (SourceMerge merge : merges) {
      if (merge.compactedTo() > 0) {
        ends.merge(merge.source().partition(), merge.compactedTo(), Math::max);
      }
    }
    return ends.entrySet().stream().map(end -> new Dropped(end.getKey(), end.getValue())).toList();
  }

  private CompletableFuture<Boolean> finish(
      @Nullable Boolean published, @Nullable Throwable failure) {
    return writer
        .end()
        .thenApply(_ -> {
          if (published == null) {
            throw failure instanceof RuntimeException e ? e : new IllegalStateException(failure);
          }
          return published;
        });
  }
}
