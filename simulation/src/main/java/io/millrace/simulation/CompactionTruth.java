package io.millrace.simulation;

import io.millrace.storage.PartitionId;
import io.millrace.storage.object.Footer.PartitionFooter;
import io.millrace.storage.object.Footer.Run;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.jspecify.annotations.Nullable;

/**
 * What a compacted partition holds, beside what was once written to it (E8): each record is as it
 * was; one is gone only if a newer record of its key was committed below the end of the compaction,
 * if its transaction was aborted, or if it is a tombstone; and nothing is left of a key whose
 * newest record, a tombstone, is gone.
 */
final class CompactionTruth {
  private final PartitionId id;
  private final long logStart;
  private final TreeMap<Long, Written> written = new TreeMap<>();

  /** A record of a client or coordinator, and whether its transaction was aborted. */
  private static final class Written {
    private final Record record;
    private boolean aborted;

    Written(Record record) {
      this.record = record;
    }

    private ByteBuffer key() {
      return record.key();
    }
  }

  /**
   * @param batches all that were ever written, in order
   */
  CompactionTruth(PartitionId id, long logStart, Iterable<ByteBuffer> batches) {
    this.id = id;
    this.logStart = logStart;
    Map<Long, List<Written>> open = new HashMap<>();
    for (ByteBuffer bytes : batches) {
      RecordBatch batch = MemoryRecords.readableRecords(bytes).batches().iterator().next();
      if (batch.isControlBatch()) {
        boolean abort =
            ControlRecordType.parse(batch.iterator().next().key()) == ControlRecordType.ABORT;
        List<Written> ended = open.remove(batch.producerId());
        if (abort && ended != null) {
          ended.forEach(one -> one.aborted = true);
        }
        continue;
      }
      for (Record record : batch) {
        Written one = new Written(record);
        written.put(record.offset(), one);
        if (batch.isTransactional()) {
          open.computeIfAbsent(batch.producerId(), _ -> new ArrayList<>()).add(one);
        }
      }
    }
  }

  /**
   * Compares the parts that were compacted.
   *
   * @param bodies of the objects that hold them
   */
  void check(List<PartitionFooter> parts, Function<PartitionFooter, ByteBuffer> bodies) {
    long end = 0;
    Set<Long> left = new TreeSet<>();
    for (PartitionFooter part : parts) {
      if (part.isCompacted()) {
        end = Math.max(end, part.compactedTo());
        ByteBuffer body = bodies.apply(part);
        for (Run run : part.runs()) {
          read(body.slice((int) run.position(), run.bytes()), left);
        }
      }
    }
    Map<ByteBuffer, Long> newest = newest(end);
    Set<ByteBuffer> gone = new HashSet<>();
    for (Map.Entry<Long, Written> one : written.tailMap(logStart).headMap(end).entrySet()) {
      if (!left.contains(one.getKey())) {
        ByteBuffer goneKey = justified(one.getKey(), one.getValue(), newest);
        if (goneKey != null) {
          gone.add(goneKey);
        }
      }
    }
    for (long offset : left) {
      Written one = written.get(offset);
      if (offset >= logStart && one != null && !one.aborted && gone.contains(one.key())) {
        throw new Violation(
            "E8: offset %d of %s has come back: the tombstone behind it is gone"
                .formatted(offset, id));
      }
    }
  }

  private void read(ByteBuffer bytes, Set<Long> left) {
    for (RecordBatch batch : MemoryRecords.readableRecords(bytes).batches()) {
      if (!batch.isControlBatch()) {
        for (Record record : batch) {
          Written as = written.get(record.offset());
          boolean same =
              as != null
                  && as.key().equals(record.key())
                  && as.record.timestamp() == record.timestamp()
                  && as.record.hasValue() == record.hasValue()
                  && (!record.hasValue() || as.record.value().equals(record.value()));
          if (!same) {
            throw new Violation(
                "E8: offset %d of %s is %s after compaction, it was %s"
                    .formatted(record.offset(), id, record, as == null ? "nothing" : as.record));
          }
          left.add(record.offset());
        }
      }
    }
  }

  private Map<ByteBuffer, Long> newest(long end) {
    Map<ByteBuffer, Long> newest = new HashMap<>();
    written
        .headMap(end)
        .forEach((offset, one) -> {
          if (!one.aborted) {
            newest.put(one.key(), offset);
          }
        });
    return newest;
  }

  /** The key if the newest record of it has gone. */
  private @Nullable ByteBuffer justified(long offset, Written one, Map<ByteBuffer, Long> newest) {
    if (one.aborted || offset < newest.getOrDefault(one.key(), -1L)) {
      return null;
    }
    if (one.record.hasValue()) {
      throw new Violation(
          "E8: offset %d of %s is gone, the newest of its key: %s"
              .formatted(offset, id, one.record));
    }
    return one.key();
  }
}
