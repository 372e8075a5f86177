package io.millrace.broker.fetch;

import io.millrace.storage.log.PartitionLog;
import io.millrace.storage.log.PartitionLog.LogSlice;
import org.apache.kafka.common.protocol.Errors;

/** What reading one partition gave. */
public sealed interface PartitionFetch {
  FetchWish wish();

  /** Bytes, possibly none; the holder of the fetch releases them. */
  record Read(FetchWish wish, PartitionLog log, LogSlice slice) implements PartitionFetch {}

  /** An error, with which the whole fetch is answered at once. */
  record Failed(FetchWish wish, Errors error) implements PartitionFetch {}
}
