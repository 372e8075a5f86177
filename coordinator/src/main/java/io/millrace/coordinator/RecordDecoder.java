package io.millrace.coordinator;

import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.jspecify.annotations.Nullable;

/** Decodes the records of one load, in log order, off the shard's loop. Not thread-safe. */
@FunctionalInterface
public interface RecordDecoder {
  /**
   * What replays the record, for the shard's loop to run.
   *
   * @param batch the record's own; not of control records
   * @return null if there is nothing to replay
   */
  @Nullable Runnable decode(RecordBatch batch, Record record);
}
