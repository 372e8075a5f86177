package io.millrace.storage.object;

import io.millrace.storage.PartitionId;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an object says of its contents, per partition in order of {@link PartitionId}. Bytes:
 * docs/formats/objects.md. WAL files and merged objects carry the same footer. It says what its own
 * batches say and nothing of what came before them: a transaction that began in an earlier object
 * appears to begin with its first batch in here. A partition of which the object lacks offsets in
 * between (another object holds them) stands in it once for each stretch without a gap.
 */
public record Footer(List<PartitionFooter> partitions) {

  /** The parts about one partition, in offset order; empty if it has nothing in the object. */
  public List<PartitionFooter> of(PartitionId id) {
    int from = firstNotBelow(id);
    int to = from;
    while (to < partitions.size() && partitions.get(to).partition().equals(id)) {
      to++;
    }
    return partitions.subList(from, to);
  }

  /** The part that holds the offset, null if there is none. */
  @Nullable PartitionFooter at(PartitionId id, long offset) {
    for (PartitionFooter part : of(id)) {
      if (part.baseOffset() <= offset && offset < part.endOffset()) {
        return part;
      }
    }
    return null;
  }

  private int firstNotBelow(PartitionId id) {
    int low = 0;
    int high = partitions.size();
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (partitions.get(middle).partition().compareTo(id) < 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /**
   * One partition's run(s) in an object, without a gap in offsets: of each offset between the first
   * and the end, the object has the record, or says that compaction has dropped it.
   *
   * @param baseOffset first offset
   * @param endOffset one past the last
   * @param recordCount records
   * @param bytes sum of batch sizes
   * @param hashHigh high half of the sum mod 2^128 of the batch hashes (see BatchHash)
   * @param hashLow low half
   * @param maxTimestamp largest record timestamp, -1 if none
   * @param maxTimestampOffset base offset of the first batch that carries it, -1 if none
   * @param compactedTo 0 if nothing was dropped. Else of the records that had a newer one of their
   *     key below this offset none is left, and a run begins where the one before it ends, though
   *     its first batch may begin above that
   * @param epochs leader epochs with the first offset of each, ascending
   * @param abortedTransactions transactions aborted by a marker in here, in order of the markers
   * @param producers what became of every producer touched, as of endOffset, by producer id
   * @param runs stretches of contiguous bytes, ascending by offset and position, that hold every
   *     batch
   */
  public record PartitionFooter(
      PartitionId partition,
      long baseOffset,
      long endOffset,
      long recordCount,
      long bytes,
      long hashHigh,
      long hashLow,
      long maxTimestamp,
      long maxTimestampOffset,
      long compactedTo,
      List<EpochStart> epochs,
      List<AbortedTransaction> abortedTransactions,
      List<ProducerSnapshot> producers,
      List<Run> runs) {
    /** Whether offsets are missing between its batches. */
    public boolean isCompacted() {
      return compactedTo > 0;
    }
  }

  /** A leader epoch begins at an offset. */
  public record EpochStart(int leaderEpoch, long startOffset) {}

  /**
   * An aborted transaction.
   *
   * @param firstOffset in a footer: of its first batch since the producer's last marker in the
   *     object; the partition's base offset if this is the producer's first marker in there, for
   *     then it may have begun before
   * @param lastOffset the abort marker
   */
  public record AbortedTransaction(long producerId, long firstOffset, long lastOffset) {}

  /** One of the last batches of a producer. */
  public record BatchSequence(
      int firstSequence, int lastSequence, long lastOffset, int offsetDelta, long timestamp) {}

  /**
   * Producer state at a point of a partition. In a footer it covers the object's own batches only;
   * {@link PartitionSummary} adds up.
   *
   * @param batches the last up to five, oldest first
   * @param lastTimestamp record time, data only
   * @param idleAgeMs monotonic time without a write, added up over leaders (0 when just written)
   * @param coordinatorEpoch of the last marker, -1 if none
   * @param transactionFirstOffset of the open transaction, -1 if none
   * @param transactionAgeMs monotonic time the open transaction has lasted, 0 if none
   */
  public record ProducerSnapshot(
      long producerId,
      short producerEpoch,
      List<BatchSequence> batches,
      long lastTimestamp,
      long idleAgeMs,
      int coordinatorEpoch,
      long transactionFirstOffset,
      long transactionAgeMs) {}

  /**
   * Whole batches next to each other: position and size in bytes, offsets [baseOffset, endOffset).
   * The last batch ends at the end.
   */
  public record Run(long baseOffset, long endOffset, long position, int bytes, long maxTimestamp) {
    /** Position behind its last byte. */
    public long endPosition() {
      return position + bytes;
    }
  }
}
