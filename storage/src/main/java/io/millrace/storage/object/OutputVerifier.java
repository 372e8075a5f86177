package io.millrace.storage.object;

import io.millrace.objectstore.ObjectStore;
import io.millrace.protocol.batch.BatchHeader;
import io.millrace.runtime.EventLoop;
import io.millrace.storage.PartitionId;
import io.millrace.storage.compaction.RecordSums;
import io.millrace.storage.object.Footer.PartitionFooter;
import io.millrace.storage.object.MergeOutput.Written;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.record.internal.MemoryRecords;

/**
 * Reads an output back from the store, all of it: the footer must be the one that was built, every
 * batch must have a right CRC, and the sums of the batches must be the footer's. Adds up what it
 * read per partition, and of what was compacted record by record (invariant I7). On the merge's
 * loop.
 */
final class OutputVerifier {
  private final StoreReads reads;
  private final StretchReader stretches;
  private final EventLoop loop;
  private final MergePace pace;
  private final Map<PartitionId, BatchSums> found = new TreeMap<>();
  private final Map<PartitionId, Long> compactedTo = new TreeMap<>();
  private final Map<PartitionId, RecordSums> records = new TreeMap<>();

  OutputVerifier(ObjectStore store, EventLoop loop, MergePace pace) {
    this.reads = new StoreReads(store);
    this.stretches = new StretchReader(store);
    this.loop = loop;
    this.pace = pace;
  }

  /** Sums of all outputs verified so far. */
  Map<PartitionId, BatchSums> found() {
    return found;
  }

  /** The records of the parts that were compacted so far are added up from now on. */
  void addRecords(PartitionId partition, long end) {
    compactedTo.put(partition, end);
  }

  /** Sums of the records in what was compacted. */
  RecordSums records(PartitionId partition) {
    return records.computeIfAbsent(partition, _ -> new RecordSums());
  }

  CompletableFuture<Void> verify(Written written) {
    var object = written.object();
    return reads
        .read(object.key(), object.footerPosition(), object.footerBytes())
        .thenComposeAsync(
            body -> {
              Footer stored = FooterCodec.decode(object.key(), body);
              if (!stored.equals(written.footer())) {
                throw new ObjectCorruptException(
                    "%s is corrupt: its footer is not the one written".formatted(object.key()));
              }
              Iterator<PartitionFooter> partitions = stored.partitions().iterator();
              return LoopSteps.repeat(
                  loop,
                  () ->
                      partitions.hasNext()
                          ? verify(object.key(), partitions.next()).thenApply(_ -> true)
                          : CompletableFuture.completedFuture(false));
            },
            loop);
  }

  private CompletableFuture<Void> verify(String key, PartitionFooter footer) {
    BatchSums sums = new BatchSums();
    boolean byRecord =
        footer.isCompacted()
            && footer.compactedTo() == compactedTo.getOrDefault(footer.partition(), 0L);
    long[] offset = {footer.baseOffset()};
    return LoopSteps.repeat(
            loop,
            () -> {
              if (offset[0] == footer.endOffset()) {
                return CompletableFuture.completedFuture(false);
              }
              Stretch stretch = Stretch.at(footer, offset[0]);
              ByteBuffer bytes = ByteBuffer.allocate(stretch.bytes());
              return stretches
                  .read(key, footer, stretch.runs(), bytes)
                  .thenComposeAsync(
                      _ -> {
                        for (int at = 0;
                            at < bytes.limit();
                            at += BatchHeader.sizeBytes(bytes, at)) {
                          sums.add(bytes, at);
                        }
                        if (byRecord) {
                          addRecords(footer.partition(), bytes);
                        }
                        offset[0] = stretch.runs().getLast().endOffset();
                        return pace.after(loop, bytes.limit()).thenApply(_ -> true);
                      },
                      loop);
            })
        .thenRun(() -> {
          BatchSums said = new BatchSums();
          said.add(footer);
          if (!sums.sameAs(said)) {
            throw new ObjectCorruptException(
                "%s is corrupt: %s has %s, the footer says %s"
                    .formatted(key, footer.partition(), sums, said));
          }
          found.computeIfAbsent(footer.partition(), _ -> new BatchSums()).add(footer);
        });
  }

  private void addRecords(PartitionId partition, ByteBuffer batches) {
    RecordSums sums = records(partition);
    MemoryRecords.readableRecords(batches.slice(0, batches.limit()))
        .batches()
        .forEach(batch -> batch.forEach(sums::add));
  }
}
