package io.millrace.storage.compaction;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;

/**
 * Follows the transactions of a partition, batch by batch in offset order: whose records were
 * aborted, and which markers end a transaction of which no batch is left. The latter is right only
 * if it began where the partition begins. Not thread-safe.
 */
final class TransactionTrail {
  /** By producer: offset of the abort marker to first offset, those not passed yet. */
  private final Map<Long, TreeMap<Long, Long>> aborted = new HashMap<>();

  /** Producers of open transactions of which a batch was seen. */
  private final Set<Long> seen = new HashSet<>();

  /**
   * A transaction was aborted that may have batches from here on. What is known already changes
   * nothing.
   *
   * @param firstOffset at or below its first batch, above its producer's marker before
   */
  void add(long producerId, long firstOffset, long markerOffset) {
    aborted
        .computeIfAbsent(producerId, _ -> new TreeMap<>())
        .merge(markerOffset, firstOffset, Math::min);
  }

  /**
   * The next batch, which is no marker.
   *
   * @return true if it was aborted
   */
  boolean onData(RecordBatch batch) {
    if (!batch.isTransactional()) {
      return false;
    }
    seen.add(batch.producerId());
    TreeMap<Long, Long> ofProducer = aborted.get(batch.producerId());
    var next = ofProducer == null ? null : ofProducer.higherEntry(batch.lastOffset());
    return next != null && next.getValue() <= batch.baseOffset();
  }

  /**
   * The next batch, which is a control batch.
   *
   * @return true if it ends a transaction of which no batch was seen
   */
  boolean onControl(RecordBatch batch) {
    Record record = batch.iterator().next();
    ControlRecordType type = ControlRecordType.parse(record.key());
    if (type != ControlRecordType.ABORT && type != ControlRecordType.COMMIT) {
      return false;
    }
    TreeMap<Long, Long> ofProducer = aborted.get(batch.producerId());
    if (ofProducer != null) {
      ofProducer.headMap(batch.lastOffset(), true).clear();
      if (ofProducer.isEmpty()) {
        aborted.remove(batch.producerId());
      }
    }
    return !seen.remove(batch.producerId());
  }
}
