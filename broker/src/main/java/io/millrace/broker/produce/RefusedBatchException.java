package io.millrace.broker.produce;

import io.millrace.protocol.batch.BatchVerdict.RecordError;
import java.util.List;
import org.apache.kafka.common.errors.ApiException;

/**
 * A batch that was not appended, with the records at fault where they are known; the cause carries
 * the error code.
 */
public final class RefusedBatchException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final ApiException reason;
  private final transient List<RecordError> recordErrors;

  RefusedBatchException(ApiException reason, List<RecordError> recordErrors) {
    super(reason.getMessage(), reason);
    this.reason = reason;
    this.recordErrors = List.copyOf(recordErrors);
  }

  public ApiException reason() {
    return reason;
  }

  public List<RecordError> recordErrors() {
    return recordErrors;
  }
}
