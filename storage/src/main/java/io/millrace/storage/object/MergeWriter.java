package io.millrace.storage.object;

import io.millrace.protocol.batch.BatchHeader;
import io.millrace.storage.Keys;
import io.millrace.storage.PartitionId;
import io.millrace.storage.metadata.ObjectInfo;
import io.millrace.storage.object.MergeOutput.Written;
import io.millrace.storage.object.MergeTask.MergeParts;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The outputs of one merge, one object after the other; each is read back when it is complete. On
 * the merge's loop, one batch at a time.
 */
final class MergeWriter {
  private static final int PART_BYTES = 4 << 20;

  private static final CompletableFuture<Void> DONE = CompletableFuture.completedFuture(null);

  private final MergeParts parts;
  private final int level;
  private final boolean first;
  private final boolean ownBefore;
  private final OutputVerifier verifier;
  private final ByteBuffer partBuffer = ByteBuffer.allocate(PART_BYTES);
  private final List<ObjectInfo> outputs = new ArrayList<>();
  private final List<Long> counters = new ArrayList<>();
  private @Nullable MergeOutput output;

  MergeWriter(MergeParts parts, MergePlan plan, OutputVerifier verifier) {
    this.parts = parts;
    this.level = plan.outputLevel();
    this.first = plan.inputs().stream().allMatch(input -> input.level() == 0);
    this.ownBefore = plan.inputs().stream().allMatch(ObjectInfo::ofOnePartition);
    this.verifier = verifier;
  }

  /** A batch for an output, and of which offsets it speaks; see {@link FooterBuilder#add}. */
  record Batch(
      PartitionId partition, ByteBuffer bytes, int at, long coveredFrom, long compactedTo) {
    int size() {
      return BatchHeader.sizeBytes(bytes, at);
    }
  }

  /** Complete objects. */
  List<ObjectInfo> outputs() {
    return List.copyOf(outputs);
  }

  /** Goes out to the store when a part is full or an object large enough. */
  CompletableFuture<Void> write(Batch batch) {
    MergeOutput to = output();
    if (to.bytes() >= parts.settings().objectBytesMax()) {
      return finishObject().thenComposeAsync(_ -> write(batch), parts.loop());
    }
    if (to.hasRoom(batch.size())) {
      to.add(batch);
      return DONE;
    }
    return to.flush()
        .thenComposeAsync(
            _ -> {
              if (to.hasRoom(batch.size())) {
                to.add(batch);
                return DONE;
              }
              return to.addAlone(batch);
            },
            parts.loop());
  }

  /** The next batch begins another object. */
  CompletableFuture<Void> finishObject() {
    MergeOutput done = output;
    if (done == null) {
      return DONE;
    }
    return done.finish()
        .thenComposeAsync(
            (Written written) -> {
              output = null;
              outputs.add(written.object());
              count(written.object());
              return verifier.verify(written);
            },
            parts.loop());
  }

  /** What was merged before counts where it was before. */
  private void count(ObjectInfo object) {
    if (first) {
      parts.counters().addFirst(object.ofOnePartition(), object.sizeBytes());
    } else {
      parts.counters().addAgain(ownBefore, object.sizeBytes());
    }
  }

  /** Whatever became of the outputs, nobody will list them any more than now (invariant I8). */
  CompletableFuture<Void> end() {
    MergeOutput unfinished = output;
    CompletableFuture<Void> aborted = unfinished == null ? DONE : unfinished.abort();
    return aborted.thenRunAsync(
        () -> counters.forEach(parts.metadata().uploads()::settle), parts.loop());
  }

  private MergeOutput output() {
    MergeOutput present = output;
    if (present == null) {
      long counter = parts.metadata().uploads().begin();
      counters.add(counter);
      var writer = parts.metadata().writer();
      present =
          new MergeOutput(parts.store(), Keys.data(writer, counter), level, writer, partBuffer);
      output = present;
    }
    return present;
  }
}
