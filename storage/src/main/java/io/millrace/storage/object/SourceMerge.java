package io.millrace.storage.object;

import io.millrace.protocol.batch.BatchHeader;
import io.millrace.storage.compaction.KeyOffsets;
import io.millrace.storage.compaction.PartitionCompaction;
import io.millrace.storage.compaction.RecordSums;
import io.millrace.storage.object.MergeInputs.Source;
import io.millrace.storage.object.MergePlan.Compaction;
import io.millrace.storage.object.MergeTask.MergeParts;
import io.millrace.storage.object.MergeWriter.Batch;
import io.millrace.storage.object.ObjectCatalog.Part;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One partition's way from the inputs of a merge into its outputs, compacted if that is planned. On
 * the merge's loop.
 */
final class SourceMerge {
  private static final Logger LOG = LoggerFactory.getLogger(SourceMerge.class);
  private static final int SALT_BYTES = 16;

  private final Source source;
  private final MergeParts parts;
  private final SourceReader reader;
  private final MergeWriter writer;
  private final @Nullable Compaction plan;
  private final BatchSums read = new BatchSums();
  private final BatchSums dropped = new BatchSums();
  private final BatchSums written = new BatchSums();
  private @Nullable PartitionCompaction compaction;
  private long coveredTo;
  private long partEnd = -1;

  SourceMerge(
      Source source,
      MergeParts parts,
      SourceReader reader,
      MergeWriter writer,
      @Nullable Compaction plan) {
    this.source = source;
    this.parts = parts;
    this.reader = reader;
    this.writer = writer;
    this.plan = plan;
  }

  Source source() {
    return source;
  }

  /** Where the records end that were compacted, 0 if none were. */
  long compactedTo() {
    return compaction == null ? 0 : compaction.end();
  }

  /**
   * @param verifier is told what to add up record by record
   */
  CompletableFuture<Void> run(OutputVerifier verifier) {
    Compaction planned = plan;
    if (planned == null) {
      return reader.read(source.parts(), new Writing());
    }
    PartitionCompaction begun = begin(planned);
    compaction = begun;
    List<Part> dirty =
        source.parts().stream()
            .filter(part ->
                part.footer().baseOffset() >= planned.dirtyFrom()
                    && part.footer().baseOffset() < planned.end())
            .toList();
    return reader
        .read(dirty, new Indexing(begun, planned))
        .thenComposeAsync(
            _ -> {
              begun.beginAgain();
              verifier.addRecords(source.partition(), begun.end());
              return reader.read(source.parts(), new Writing());
            },
            parts.loop());
  }

  /**
   * Proves that everything read is in the outputs or was dropped for a reason (invariant I7).
   *
   * @param found sums of the partition's batches in the outputs
   * @param records sums of the records in its compacted parts
   */
  void check(BatchSums found, RecordSums records) {
    compare("was read", source.expected(), read);
    if (compaction == null) {
      BatchSums kept = new BatchSums();
      kept.add(read);
      kept.subtract(dropped);
      compare("is in the outputs", kept, found);
      return;
    }
    compare("is in the outputs", written, found);
    compaction.check();
    if (!records.sameAs(compaction.kept())) {
      throw wrong("is in the compacted outputs", compaction.kept(), records);
    }
    LOG.info("Compacted {} up to offset {}: {}", source.partition(), compaction.end(), compaction);
  }

  private void compare(String what, BatchSums right, BatchSums have) {
    if (!right.sameAs(have)) {
      throw wrong(what, right, have);
    }
  }

  private ObjectCorruptException wrong(String what, Object right, Object have) {
    return new ObjectCorruptException(
        "the merge of %s went wrong: of %s %s %s, it should be %s"
            .formatted(
                source.parts().stream().map(part -> part.object().key()).distinct().toList(),
                source.partition(),
                have,
                what,
                right));
  }

  private PartitionCompaction begin(Compaction planned) {
    ByteBuffer salt = ByteBuffer.allocate(SALT_BYTES);
    salt.putLong(parts.randomness().nextLong()).putLong(parts.randomness().nextLong());
    return new PartitionCompaction(
        new KeyOffsets(salt.array(), planned.keyBytesMax()),
        planned.end(),
        planned.nowMs(),
        planned.deleteRetentionMs());
  }

  /** What was aborted in the part, so far as it is compacted. */
  private CompletableFuture<Void> addAborted(
      PartitionCompaction to, Compaction planned, Part part) {
    long from = part.footer().baseOffset();
    long end = Math.min(part.footer().endOffset(), planned.end());
    if (from >= end) {
      return CompletableFuture.completedFuture(null);
    }
    return parts
        .reader()
        .abortedTransactions(source.partition(), from, end, planned.markersEnd())
        .thenAcceptAsync(
            all ->
                all.forEach(
                    one -> to.addAborted(one.producerId(), one.firstOffset(), one.lastOffset())),
            parts.loop());
  }

  /** Hands what was never compacted to the compaction, which remembers its keys. */
  private final class Indexing implements SourceReader.Sink {
    private final PartitionCompaction to;
    private final Compaction planned;

    Indexing(PartitionCompaction to, Compaction planned) {
      this.to = to;
      this.planned = planned;
    }

    @Override
    public CompletableFuture<Void> begin(Part part) {
      return addAborted(to, planned, part);
    }

    @Override
    public CompletableFuture<Boolean> take(Part part, ByteBuffer batches) {
      boolean more = true;
      for (int at = 0; more && at < batches.limit(); at += BatchHeader.sizeBytes(batches, at)) {
        more = isDropped(batches, at) || to.index(batches, at);
      }
      return CompletableFuture.completedFuture(more);
    }
  }

  private boolean isDropped(ByteBuffer b, int at) {
    return BatchHeader.lastOffset(b, at) < source.dropBelow();
  }

  /** Writes what stays. */
  private final class Writing implements SourceReader.Sink {
    @Override
    public CompletableFuture<Void> begin(Part part) {
      if (part.footer().baseOffset() != partEnd) {
        coveredTo = part.footer().baseOffset();
      }
      partEnd = part.footer().endOffset();
      return compaction == null || plan == null
          ? CompletableFuture.completedFuture(null)
          : addAborted(compaction, plan, part);
    }

    @Override
    public CompletableFuture<Boolean> take(Part part, ByteBuffer batches) {
      return take(part, batches, 0);
    }

    private CompletableFuture<Boolean> take(Part part, ByteBuffer b, int start) {
      int at = start;
      while (at < b.limit()) {
        int next = at + BatchHeader.sizeBytes(b, at);
        Batch batch = kept(part, b, at);
        if (batch != null) {
          written.add(batch.bytes(), batch.at());
          CompletableFuture<Void> out = writer.write(batch);
          if (!out.isDone() || out.isCompletedExceptionally()) {
            return out.thenComposeAsync(_ -> take(part, b, next), parts.loop());
          }
        }
        at = next;
      }
      return CompletableFuture.completedFuture(true);
    }

    /** What is to be written of the batch; null if nothing is. */
    private @Nullable Batch kept(Part part, ByteBuffer b, int at) {
      long end = BatchHeader.lastOffset(b, at) + 1;
      long from = coveredTo;
      read.add(b, at);
      if (isDropped(b, at)) {
        dropped.add(b, at);
        coveredTo = end;
        return null;
      }
      PartitionCompaction compacting = compaction;
      if (compacting == null || end > compacting.end()) {
        coveredTo = end;
        return new Batch(source.partition(), b, at, from, part.footer().compactedTo());
      }
      Optional<ByteBuffer> left = compacting.compact(b, at);
      if (left.isEmpty()) {
        return null; // what follows speaks of its offsets
      }
      coveredTo = end;
      return new Batch(source.partition(), left.get(), 0, from, compacting.end());
    }
  }
}
