package io.millrace.storage.object;

import io.millrace.protocol.batch.BatchHash;
import io.millrace.protocol.batch.BatchHeader;
import io.millrace.storage.PartitionId;
import io.millrace.storage.object.Footer.AbortedTransaction;
import io.millrace.storage.object.Footer.EpochStart;
import io.millrace.storage.object.Footer.PartitionFooter;
import io.millrace.storage.object.Footer.ProducerSnapshot;
import io.millrace.storage.object.Footer.Run;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One partition's part of a footer while its batches are added, with the exact size of its encoding
 * kept on the way.
 */
final class PartitionDraft {
  private final PartitionId partition;
  private final int runBytesMax;
  private final BatchHash hash = new BatchHash();
  private final List<EpochStart> epochs = new ArrayList<>(1);
  private final List<AbortedTransaction> aborted = new ArrayList<>(0);
  private final TreeMap<Long, ProducerDraft> producers = new TreeMap<>();
  private final List<Run> runs = new ArrayList<>();
  private final long baseOffset;
  private final long compactedTo;
  private long endOffset;
  private long recordCount;
  private long bytes;
  private long maxTimestamp = -1;
  private long maxTimestampOffset = -1;
  private long closedRunBytes;
  private @Nullable Run lastClosed;
  private @Nullable Run open;
  private int batchSequences;

  PartitionDraft(PartitionId partition, long baseOffset, long compactedTo, int runBytesMax) {
    this.partition = partition;
    this.baseOffset = baseOffset;
    this.compactedTo = compactedTo;
    this.endOffset = baseOffset;
    this.runBytesMax = runBytesMax;
  }

  /**
   * Adds the batch that begins at {@code at}.
   *
   * @param position byte position of the batch in the object
   */
  void add(ByteBuffer b, int at, long position) {
    long base = BatchHeader.baseOffset(b, at);
    long end = BatchHeader.lastOffset(b, at) + 1;
    boolean follows = compactedTo > 0 ? base >= endOffset : base == endOffset;
    if (!follows || end <= base) {
      throw new IllegalArgumentException(
          "batch [%d, %d) of %s does not follow offset %d"
              .formatted(base, end, partition, endOffset));
    }
    int size = BatchHeader.sizeBytes(b, at);
    hash.add(b, at);
    recordCount += BatchHeader.recordCount(b, at);
    bytes += size;
    long timestamp = BatchHeader.maxTimestamp(b, at);
    if (timestamp > maxTimestamp) {
      maxTimestamp = timestamp;
      maxTimestampOffset = base;
    }
    int epoch = BatchHeader.leaderEpoch(b, at);
    if (epochs.isEmpty() || epochs.getLast().leaderEpoch() != epoch) {
      epochs.add(new EpochStart(epoch, epochs.isEmpty() ? baseOffset : base));
    }
    addToRun(new Run(endOffset, end, position, size, timestamp));
    addToProducer(b, at);
    endOffset = end;
  }

  long endOffset() {
    return endOffset;
  }

  long compactedTo() {
    return compactedTo;
  }

  /** Bytes the encoding takes at present. */
  long encodedBytes() {
    long openBytes = open == null ? 0 : FooterCodec.runBytes(lastClosed, open);
    return FooterCodec.PARTITION_BYTES
        + (long) epochs.size() * FooterCodec.EPOCH_BYTES
        + (long) aborted.size() * FooterCodec.ABORTED_BYTES
        + (long) producers.size() * ProducerCodec.PRODUCER_BYTES
        + (long) batchSequences * ProducerCodec.BATCH_BYTES
        + closedRunBytes
        + openBytes;
  }

  PartitionFooter build() {
    List<Run> all = new ArrayList<>(runs);
    if (open != null) {
      all.add(open);
    }
    List<ProducerSnapshot> snapshots =
        producers.values().stream().map(ProducerDraft::snapshot).toList();
    return new PartitionFooter(
        partition,
        baseOffset,
        endOffset,
        recordCount,
        bytes,
        hash.high(),
        hash.low(),
        maxTimestamp,
        maxTimestampOffset,
        compactedTo,
        List.copyOf(epochs),
        List.copyOf(aborted),
        snapshots,
        List.copyOf(all));
  }

  private void addToRun(Run next) {
    Run run = open;
    if (run == null) {
      open = next;
    } else if (run.endPosition() == next.position() && run.bytes() <= runBytesMax - next.bytes()) {
      open =
          new Run(
              run.baseOffset(),
              next.endOffset(),
              run.position(),
              run.bytes() + next.bytes(),
              Math.max(run.maxTimestamp(), next.maxTimestamp()));
    } else {
      if (next.position() < run.endPosition()) {
        throw new IllegalArgumentException(
            "position %d of %s is below %d"
                .formatted(next.position(), partition, run.endPosition()));
      }
      closedRunBytes += FooterCodec.runBytes(lastClosed, run);
      runs.add(run);
      lastClosed = run;
      open = next;
    }
  }

  private void addToProducer(ByteBuffer b, int at) {
    long producerId = BatchHeader.producerId(b, at);
    if (producerId < 0) {
      return;
    }
    boolean control = BatchHeader.control(b, at);
    ControlMarker marker = control ? ControlMarker.read(b, at) : null;
    if (control && marker == null) {
      return;
    }
    ProducerDraft producer = producers.get(producerId);
    if (producer == null) {
      producer = new ProducerDraft(producerId, BatchHeader.producerEpoch(b, at));
      producers.put(producerId, producer);
    }
    batchSequences -= producer.batchCount();
    if (marker == null) {
      producer.addData(b, at);
    } else {
      long offset = BatchHeader.baseOffset(b, at);
      long first = producer.addMarker(b, at, marker, baseOffset);
      if (marker.abort()) {
        aborted.add(new AbortedTransaction(producerId, first, offset));
      }
    }
    batchSequences += producer.batchCount();
  }
}
