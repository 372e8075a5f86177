package io.millrace.protocol.batch;

import io.millrace.protocol.batch.BatchVerdict.RecordError;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.InvalidTimestampException;

/**
 * One pass over the records of one batch: their structure, which ends the pass at the first fault,
 * and what the topic demands of each, which is collected. Allocates only for faults.
 */
final class RecordWalk {
  private static final int RECORD_ERRORS_MAX = 1000;
  private static final int RECORD_ERRORS_TOLD = 3;
  private static final long NO_TIMESTAMP = -1;

  private final int recordCount;
  private final boolean fixedTimestamp;
  private final long baseTimestamp;
  private final BatchRules rules;
  private final long nowMs;
  private final List<RecordError> errors = new ArrayList<>(0);
  private long errorCount;
  private boolean timestampErrors;
  private long maxTimestamp = NO_TIMESTAMP;
  private boolean dense = true;
  private long recordsBytes;

  RecordWalk(ByteBuffer b, int at, BatchRules rules, long nowMs) {
    this.recordCount = BatchHeader.recordCount(b, at);
    this.fixedTimestamp = BatchHeader.logAppendTime(b, at);
    this.baseTimestamp =
        fixedTimestamp ? BatchHeader.maxTimestamp(b, at) : BatchHeader.baseTimestamp(b, at);
    this.rules = rules;
    this.nowMs = nowMs;
  }

  void run(RecordBytes in) throws IOException {
    for (int i = 0; i < recordCount; i++) {
      readRecord(in, i);
    }
    recordsBytes = in.position();
    boolean atEnd;
    try {
      atEnd = in.atEnd();
    } catch (EOFException truncated) {
      // All records are there, so this is about the compressed stream.
      throw new IOException("the compressed stream is cut off", truncated);
    }
    if (!atEnd) {
      throw new InvalidRecordException(
          "More bytes follow the " + recordCount + " records the batch says it has.");
    }
  }

  private void readRecord(RecordBytes in, int index) throws IOException {
    int size = in.varint();
    if (size < 0 || size > in.remainingMax()) {
      throw new InvalidRecordException("Record " + index + " says it has " + size + " bytes.");
    }
    long start = in.position();
    in.skip(1); // attributes: unused
    long timestampDelta = in.varlong();
    int offsetDelta = in.varint();
    int keySize = in.varint();
    skipField(in, keySize);
    skipField(in, in.varint());
    int headers = in.varint();
    if (headers < 0 || headers > size - (in.position() - start)) {
      throw new InvalidRecordException("Record " + index + " says it has " + headers + " headers.");
    }
    for (int i = 0; i < headers; i++) {
      int headerKeySize = in.varint();
      if (headerKeySize < 0) {
        throw new InvalidRecordException("Record " + index + " has a header without key.");
      }
      in.skip(headerKeySize);
      skipField(in, in.varint());
    }
    if (in.position() - start != size) {
      throw new InvalidRecordException(
          "Record "
              + index
              + " says it has "
              + size
              + " bytes, its fields have "
              + (in.position() - start)
              + ".");
    }
    dense &= offsetDelta == index;
    judge(index, keySize >= 0, fixedTimestamp ? baseTimestamp : baseTimestamp + timestampDelta);
  }

  /** Any negative size stands for null, as Kafka reads it. */
  private static void skipField(RecordBytes in, int size) throws IOException {
    if (size > 0) {
      in.skip(size);
    }
  }

  private void judge(int index, boolean hasKey, long timestamp) {
    if (rules.compacted() && !hasKey) {
      add(index, "A record of a compacted topic needs a key.");
    } else if (!rules.logAppendTime() && timestamp != NO_TIMESTAMP) {
      // Wraps for absurd timestamps exactly as Kafka's own subtraction does.
      long ageMs = nowMs - timestamp;
      if (ageMs > rules.beforeMaxMs() || -ageMs > rules.afterMaxMs()) {
        timestampErrors = true;
        add(index, outOfRange(index, timestamp));
      }
    } else if (fixedTimestamp) {
      timestampErrors = true;
      add(index, "Only brokers may set the timestamp type LogAppendTime.");
    }
    maxTimestamp = Math.max(maxTimestamp, timestamp);
  }

  private String outOfRange(int index, long timestamp) {
    return "Timestamp %d of record %d is out of range: at most %d ms before and %d ms after %d are accepted."
        .formatted(timestamp, index, rules.beforeMaxMs(), rules.afterMaxMs(), nowMs);
  }

  private void add(int index, String message) {
    errorCount++;
    if (errors.size() < RECORD_ERRORS_MAX) {
      errors.add(new RecordError(index, message));
    }
  }

  List<RecordError> errors() {
    return errors;
  }

  /** The error of the whole batch, if some record is at fault. */
  ApiException summary() {
    if (timestampErrors) {
      return new InvalidTimestampException("Some records have a timestamp that is not accepted.");
    }
    StringBuilder told = new StringBuilder();
    for (RecordError e : errors.subList(0, Math.min(RECORD_ERRORS_TOLD, errors.size()))) {
      told.append(" Record ").append(e.index()).append(": ").append(e.message());
    }
    return new InvalidRecordException(errorCount + " records are not accepted." + told);
  }

  long maxTimestamp() {
    return maxTimestamp;
  }

  boolean dense() {
    return dense;
  }

  long recordsBytes() {
    return recordsBytes;
  }
}
