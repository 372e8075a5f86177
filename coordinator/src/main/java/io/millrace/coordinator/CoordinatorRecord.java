package io.millrace.coordinator;

import org.apache.kafka.common.protocol.ApiMessage;
import org.jspecify.annotations.Nullable;

/**
 * A record of an internal topic in Kafka's own format. A null value is a tombstone.
 *
 * @param valueVersion message version the value is written in, ignored for a tombstone
 */
public record CoordinatorRecord(ApiMessage key, short valueVersion, @Nullable ApiMessage value) {
  public static CoordinatorRecord of(ApiMessage key, int valueVersion, ApiMessage value) {
    return new CoordinatorRecord(key, (short) valueVersion, value);
  }

  public static CoordinatorRecord tombstone(ApiMessage key) {
    return new CoordinatorRecord(key, (short) 0, null);
  }
}
