package io.millrace.storage.log;

import java.nio.ByteBuffer;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;

/** The control batch of a transaction's end, as Apache Kafka writes it. */
final class MarkerBatch {
  private MarkerBatch() {}

  static ByteBuffer of(TransactionMarker marker, long timestampMs) {
    ControlRecordType type =
        marker.committed() ? ControlRecordType.COMMIT : ControlRecordType.ABORT;
    return MemoryRecords.withEndTransactionMarker(
            timestampMs,
            marker.producerId(),
            marker.producerEpoch(),
            new EndTransactionMarker(type, marker.coordinatorEpoch()))
        .buffer();
  }
}
