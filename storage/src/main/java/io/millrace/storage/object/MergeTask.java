package io.millrace.storage.object;

import io.millrace.objectstore.ObjectStore;
import io.millrace.protocol.batch.BatchHeader;
import io.millrace.runtime.EventLoop;
import io.millrace.storage.Keys;
import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataLog.Outcome;
import io.millrace.storage.metadata.MetadataRecord.ObjectsMerged;
import io.millrace.storage.metadata.ObjectInfo;
import io.millrace.storage.object.Footer.PartitionFooter;
import io.millrace.storage.object.MergeInputs.Source;
import io.millrace.storage.object.MergeOutput.Written;
import io.millrace.storage.object.ObjectCatalog.Part;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
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
  private static final int PART_BYTES = 4 << 20;

  private final MergePlan plan;
  private final MetadataImage image;
  private final MergeParts parts;
  private final OutputVerifier verifier;
  private final StretchReader stretches;
  private final BooleanSupplier stopped;
  private final ByteBuffer partBuffer = ByteBuffer.allocate(PART_BYTES);
  private final List<ObjectInfo> outputs = new ArrayList<>();
  private final List<Long> counters = new ArrayList<>();
  private final Map<PartitionId, BatchSums> dropped = new TreeMap<>();
  private @Nullable MergeOutput output;

  /** What all merges of an incarnation share. */
  record MergeParts(
      ObjectStore store,
      MetadataLog metadata,
      FooterCache footers,
      ListedReads listed,
      EventLoop loop,
      MergeSettings settings,
      MergePace pace,
      MergeCounters counters) {}

  MergeTask(MergePlan plan, MetadataImage image, MergeParts parts, BooleanSupplier stopped) {
    this.plan = plan;
    this.image = image;
    this.parts = parts;
    this.stretches = new StretchReader(parts.store());
    this.verifier = new OutputVerifier(parts.store(), parts.loop(), parts.pace());
    this.stopped = stopped;
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
    Iterator<List<Source>> groups =
        inputs.groups(image, parts.settings().ownObjectBytesMin()).iterator();
    return LoopSteps.repeat(
            parts.loop(),
            () ->
                groups.hasNext()
                    ? write(groups.next()).thenApply(_ -> true)
                    : CompletableFuture.completedFuture(false))
        .thenComposeAsync(_ -> publish(inputs), parts.loop());
  }

  private CompletableFuture<Void> write(List<Source> group) {
    Iterator<Source> sources = group.iterator();
    return LoopSteps.repeat(
            parts.loop(),
            () ->
                sources.hasNext()
                    ? write(sources.next()).thenApply(_ -> true)
                    : CompletableFuture.completedFuture(false))
        .thenComposeAsync(_ -> finishOutput(), parts.loop());
  }

  private CompletableFuture<Void> write(Source source) {
    Iterator<Part> all = source.parts().iterator();
    return LoopSteps.repeat(
        parts.loop(),
        () ->
            all.hasNext()
                ? write(source, all.next()).thenApply(_ -> true)
                : CompletableFuture.completedFuture(false));
  }

  private CompletableFuture<Void> write(Source source, Part part) {
    PartitionFooter footer = part.footer();
    long[] offset = {footer.baseOffset()};
    return LoopSteps.repeat(
        parts.loop(),
        () -> {
          if (stopped.getAsBoolean()) {
            throw new CancellationException("the merge was stopped");
          }
          if (offset[0] == footer.endOffset()) {
            return CompletableFuture.completedFuture(false);
          }
          Stretch stretch = Stretch.at(footer, offset[0]);
          offset[0] = stretch.runs().getLast().endOffset();
          ByteBuffer bytes = ByteBuffer.allocate(stretch.bytes());
          String key = part.object().key();
          return parts
              .listed()
              .read(key, () -> stretches.read(key, source.partition(), stretch.runs(), bytes))
              .thenComposeAsync(_ -> take(source, bytes, 0), parts.loop())
              .thenComposeAsync(
                  _ -> parts.pace().after(parts.loop(), stretch.bytes()), parts.loop())
              .thenApply(_ -> true);
        });
  }

  /**
   * Takes the batches from {@code start} on, going out to the store whenever a part is full or an
   * object large enough.
   */
  private CompletableFuture<Void> take(Source source, ByteBuffer bytes, int start) {
    int at = start;
    while (at < bytes.limit()) {
      int next = at + BatchHeader.sizeBytes(bytes, at);
      if (BatchHeader.lastOffset(bytes, at) < source.dropBelow()) {
        dropped.computeIfAbsent(source.partition(), _ -> new BatchSums()).add(bytes, at);
        at = next;
        continue;
      }
      MergeOutput to = output();
      if (to.bytes() >= parts.settings().objectBytesMax()) {
        int again = at;
        return finishOutput().thenComposeAsync(_ -> take(source, bytes, again), parts.loop());
      }
      if (!to.hasRoom(next - at)) {
        int batch = at;
        return to.flush()
            .thenComposeAsync(
                _ -> {
                  if (to.hasRoom(next - batch)) {
                    return take(source, bytes, batch);
                  }
                  return to.addAlone(source.partition(), bytes, batch)
                      .thenComposeAsync(_ -> take(source, bytes, next), parts.loop());
                },
                parts.loop());
      }
      to.add(source.partition(), bytes, at);
      at = next;
    }
    return CompletableFuture.completedFuture(null);
  }

  private MergeOutput output() {
    MergeOutput present = output;
    if (present == null) {
      long counter = parts.metadata().uploads().begin();
      counters.add(counter);
      var writer = parts.metadata().writer();
      present =
          new MergeOutput(
              parts.store(), Keys.data(writer, counter), plan.outputLevel(), writer, partBuffer);
      output = present;
    }
    return present;
  }

  private CompletableFuture<Void> finishOutput() {
    MergeOutput done = output;
    if (done == null) {
      return CompletableFuture.completedFuture(null);
    }
    return done.finish()
        .thenComposeAsync(
            (Written written) -> {
              output = null;
              outputs.add(written.object());
              parts
                  .counters()
                  .addWritten(written.object().ofOnePartition(), written.object().sizeBytes());
              return verifier.verify(written);
            },
            parts.loop());
  }

  private CompletableFuture<Boolean> publish(MergeInputs inputs) {
    compareSums(inputs);
    List<String> keys = plan.inputs().stream().map(ObjectInfo::key).toList();
    return parts
        .metadata()
        .submit(new ObjectsMerged(keys, List.copyOf(outputs), inputs.dropped()))
        .thenApply(outcome ->
            switch (outcome) {
              case Outcome.Applied _ -> true;
              case Outcome.Voided _ -> false;
            });
  }

  private void compareSums(MergeInputs inputs) {
    Map<PartitionId, BatchSums> found = new TreeMap<>(verifier.found());
    for (Source source : inputs.sources().values()) {
      BatchSums kept = source.expected();
      kept.subtract(dropped.getOrDefault(source.partition(), new BatchSums()));
      BatchSums read = found.remove(source.partition());
      if (!kept.sameAs(read == null ? new BatchSums() : read)) {
        throw new ObjectCorruptException(
            "the merge of %s went wrong: %s should have %s, has %s"
                .formatted(plan.inputs(), source.partition(), kept, read));
      }
    }
    if (!found.isEmpty()) {
      throw new ObjectCorruptException(
          "the merge wrote partitions it did not read: " + found.keySet());
    }
  }

  /** Whatever became of the outputs, nobody will list them any more than now (invariant I8). */
  private CompletableFuture<Boolean> finish(
      @Nullable Boolean published, @Nullable Throwable failure) {
    MergeOutput unfinished = output;
    CompletableFuture<Void> aborted =
        unfinished == null ? CompletableFuture.completedFuture(null) : unfinished.abort();
    return aborted.thenApplyAsync(
        _ -> {
          counters.forEach(parts.metadata().uploads()::settle);
          if (published == null) {
            throw failure instanceof RuntimeException e ? e : new IllegalStateException(failure);
          }
          return published;
        },
        parts.loop());
  }
}
