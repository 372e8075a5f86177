package io.millrace.storage.object;

import io.millrace.storage.object.MergeTask.MergeParts;
import io.millrace.storage.object.ObjectCatalog.Part;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;

/**
 * Reads parts of a merge's inputs, one stretch at a time and at the merge's pace, every batch
 * checked. On the merge's loop.
 */
final class SourceReader {
  private final MergeParts parts;
  private final StretchReader stretches;
  private final BooleanSupplier stopped;

  SourceReader(MergeParts parts, BooleanSupplier stopped) {
    this.parts = parts;
    this.stretches = new StretchReader(parts.store());
    this.stopped = stopped;
  }

  /** Where what was read goes. */
  interface Sink {
    /** A part begins. */
    CompletableFuture<Void> begin(Part part);

    /**
     * Its next batches, from position 0 to the limit.
     *
     * @return false if no more are wanted
     */
    CompletableFuture<Boolean> take(Part part, ByteBuffer batches);
  }

  /** Everything in the parts, in their order, until the sink has enough. */
  CompletableFuture<Void> read(List<Part> all, Sink sink) {
    Iterator<Part> left = all.iterator();
    boolean[] enough = {false};
    return LoopSteps.repeat(
        parts.loop(),
        () -> {
          if (enough[0] || !left.hasNext()) {
            return CompletableFuture.completedFuture(false);
          }
          Part part = left.next();
          return sink.begin(part)
              .thenComposeAsync(_ -> read(part, sink, enough), parts.loop())
              .thenApply(_ -> true);
        });
  }

  private CompletableFuture<Void> read(Part part, Sink sink, boolean[] enough) {
    long[] offset = {part.footer().baseOffset()};
    return LoopSteps.repeat(
        parts.loop(),
        () -> {
          if (stopped.getAsBoolean()) {
            throw new CancellationException("the merge was stopped");
          }
          if (enough[0] || offset[0] == part.footer().endOffset()) {
            return CompletableFuture.completedFuture(false);
          }
          Stretch stretch = Stretch.at(part.footer(), offset[0]);
          offset[0] = stretch.runs().getLast().endOffset();
          ByteBuffer bytes = ByteBuffer.allocate(stretch.bytes());
          String key = part.object().key();
          return parts
              .listed()
              .read(key, () -> stretches.read(key, part.footer(), stretch.runs(), bytes))
              .thenComposeAsync(_ -> sink.take(part, bytes), parts.loop())
              .thenComposeAsync(
                  more -> {
                    enough[0] = !more;
                    return parts.pace().after(parts.loop(), stretch.bytes());
                  },
                  parts.loop())
              .thenApply(_ -> true);
        });
  }
}
