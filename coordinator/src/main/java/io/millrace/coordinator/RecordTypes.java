package io.millrace.coordinator;

import java.util.function.Supplier;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.protocol.ApiMessage;

/** The types of records in one internal topic. */
@FunctionalInterface
public interface RecordTypes {
  /**
   * The type with this id.
   *
   * @throws UnsupportedVersionException if this version knows no such type
   */
  RecordType type(short id);

  /**
   * A type of record.
   *
   * @param oldest oldest version a value may be written in
   * @param newest newest such version
   */
  record RecordType(
      Supplier<ApiMessage> newKey, Supplier<ApiMessage> newValue, short oldest, short newest) {}
}
