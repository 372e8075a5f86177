package io.millrace.storage.object;

import io.millrace.protocol.batch.BatchHeader;
import io.millrace.storage.PartitionId;
import io.millrace.storage.object.Footer.PartitionFooter;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Adds up the batches of one object into its footer: those of a partition in offset order,
 * positions ascending. Owned by whoever writes the object (one thread). Reads batch headers and
 * transaction markers, never records.
 */
public final class FooterBuilder {
  /** Runs end at about this size, so that finding an offset walks few batch headers. */
  public static final int RUN_BYTES_MAX = 256 * 1024;

  /** The newest draft of each partition, by partition; those before a gap are closed. */
  private final Map<PartitionId, PartitionDraft> partitions = new LinkedHashMap<>();

  private final List<PartitionDraft> closed = new ArrayList<>();
  private final int runBytesMax;
  private long encodedBytes = FooterCodec.HEADER_BYTES + FooterCodec.TRAILER_BYTES;
  private boolean compacted;

  public FooterBuilder() {
    this(RUN_BYTES_MAX);
  }

  FooterBuilder(int runBytesMax) {
    this.runBytesMax = runBytesMax;
  }

  /**
   * Adds the batch that begins at {@code at}.
   *
   * @param objectPosition byte position of the batch in the object
   */
  public void add(PartitionId partition, ByteBuffer b, int at, long objectPosition) {
    add(partition, b, at, objectPosition, BatchHeader.baseOffset(b, at), 0);
  }

  /**
   * Adds a batch of a partition that may have been compacted.
   *
   * @param coveredFrom between this offset and the batch's first there is no record any more
   * @param compactedTo as in {@link PartitionFooter}
   */
  void add(
      PartitionId partition,
      ByteBuffer b,
      int at,
      long objectPosition,
      long coveredFrom,
      long compactedTo) {
    PartitionDraft draft = partitions.get(partition);
    if (draft != null && (coveredFrom > draft.endOffset() || compactedTo != draft.compactedTo())) {
      closed.add(draft);
      draft = null;
    }
    if (draft == null) {
      draft = new PartitionDraft(partition, coveredFrom, compactedTo, runBytesMax);
      compacted |= compactedTo > 0;
      partitions.put(partition, draft);
      encodedBytes += draft.encodedBytes();
    }
    encodedBytes -= draft.encodedBytes();
    draft.add(b, at, objectPosition);
    encodedBytes += draft.encodedBytes();
  }

  public boolean isEmpty() {
    return partitions.isEmpty();
  }

  /** Upper bound for the bytes {@link #encode} gives at present; costs nothing to ask. */
  public long encodedBytesMax() {
    return compacted
        ? encodedBytes + (long) (closed.size() + partitions.size()) * FooterCodec.COMPACTED_BYTES
        : encodedBytes;
  }

  /** Upper bound for what one more batch of any partition can add to {@link #encodedBytesMax}. */
  public static int batchBytesMax() {
    return FooterCodec.PARTITION_BYTES
        + FooterCodec.EPOCH_BYTES
        + FooterCodec.ABORTED_BYTES
        + FooterCodec.RUN_BYTES_MAX
        + ProducerCodec.PRODUCER_BYTES
        + ProducerCodec.BATCH_BYTES;
  }

  public Footer build() {
    return new Footer(
        Stream.concat(closed.stream(), partitions.values().stream())
            .map(PartitionDraft::build)
            .sorted(
                Comparator.comparing(PartitionFooter::partition)
                    .thenComparingLong(PartitionFooter::baseOffset))
            .toList());
  }

  public EncodedFooter encode() {
    EncodedFooter encoded = FooterCodec.encode(build());
    if (encoded.bytes().remaining() > encodedBytesMax()) {
      throw new IllegalStateException(
          "footer has %d bytes, %d were reserved"
              .formatted(encoded.bytes().remaining(), encodedBytesMax()));
    }
    return encoded;
  }
}
