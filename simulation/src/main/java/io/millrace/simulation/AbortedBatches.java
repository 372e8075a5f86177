package io.millrace.simulation;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Set;
import org.apache.kafka.common.message.FetchResponseData.AbortedTransaction;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.jspecify.annotations.Nullable;

/** Tells which batches of a fetch a consumer with read_committed hands to the application. */
final class AbortedBatches {
  private AbortedBatches() {}

  /**
   * @param aborted as the broker sent it along, in any order; null for none
   */
  static List<RecordedBatch> visible(ByteBuffer bytes, @Nullable List<AbortedTransaction> aborted) {
    PriorityQueue<AbortedTransaction> due =
        new PriorityQueue<>((a, b) -> Long.compare(a.firstOffset(), b.firstOffset()));
    if (aborted != null) {
      due.addAll(aborted);
    }
    Set<Long> aborting = new HashSet<>();
    List<RecordedBatch> visible = new ArrayList<>();
    for (MutableRecordBatch batch : MemoryRecords.readableRecords(bytes.duplicate()).batches()) {
      AbortedTransaction next;
      while ((next = due.peek()) != null && next.firstOffset() <= batch.lastOffset()) {
        due.remove();
        aborting.add(next.producerId());
      }
      if (batch.isControlBatch()) {
        if (ControlRecordType.parse(batch.iterator().next().key()) == ControlRecordType.ABORT) {
          aborting.remove(batch.producerId());
        }
      } else if (!batch.isTransactional() || !aborting.contains(batch.producerId())) {
        visible.add(RecordedBatch.decode(batch));
      }
    }
    return visible;
  }
}
