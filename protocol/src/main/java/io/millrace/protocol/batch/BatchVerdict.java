package io.millrace.protocol.batch;

import java.util.List;
import org.apache.kafka.common.errors.ApiException;

/** What the validator says of the records of one partition in a produce request. */
public sealed interface BatchVerdict {

  /**
   * The batch may be appended once {@link BatchRewriter#prepare} has seen to it.
   *
   * @param sizeBytes size of the batch; bytes behind it are not part of it and are dropped, as
   *     Kafka does
   * @param maxTimestamp largest record timestamp as the records have it, whatever the header claims
   * @param dense the offset deltas of the records are 0, 1, 2, ...
   * @param recordsBytes size of the records without compression
   */
  record Accepted(
      int sizeBytes, int recordCount, long maxTimestamp, boolean dense, long recordsBytes)
      implements BatchVerdict {}

  /**
   * The batch must not be appended.
   *
   * @param error carries the error code Kafka answers
   * @param recordErrors which records are at fault, where Kafka tells; a limited number
   */
  record Refused(ApiException error, List<RecordError> recordErrors) implements BatchVerdict {
    public Refused {
      recordErrors = List.copyOf(recordErrors);
    }
  }

  /** One record at fault, by its index in the batch. */
  record RecordError(int index, String message) {}
}
