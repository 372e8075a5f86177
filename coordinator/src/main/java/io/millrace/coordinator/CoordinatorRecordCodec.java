package io.millrace.coordinator;

import java.nio.ByteBuffer;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.jspecify.annotations.Nullable;

/**
 * Bytes of coordinators' records: the key is its record type (int16) and the message at version 0,
 * the value its version (int16) and the message. Source: the record schemas Kafka publishes with
 * its coordinators.
 */
final class CoordinatorRecordCodec {
  private CoordinatorRecordCodec() {}

  static SimpleRecord encode(CoordinatorRecord record, long timestampMs) {
    byte[] key = MessageUtil.toCoordinatorTypePrefixedBytes(record.key());
    ApiMessage value = record.value();
    byte @Nullable [] valueBytes =
        value == null ? null : MessageUtil.toVersionPrefixedBytes(record.valueVersion(), value);
    return new SimpleRecord(timestampMs, key, valueBytes);
  }

  /**
   * Null for a record type this version does not know; such records are kept in the log and skipped
   * here.
   */
  static @Nullable CoordinatorRecord decode(RecordTypes types, Record record) {
    ByteBuffer key = record.key();
    RecordTypes.RecordType type;
    try {
      type = types.type(key.getShort());
    } catch (UnsupportedVersionException unknown) {
      return null;
    }
    ApiMessage keyMessage = type.newKey().get();
    keyMessage.read(new ByteBufferAccessor(key), (short) 0);
    if (!record.hasValue()) {
      return CoordinatorRecord.tombstone(keyMessage);
    }
    ByteBuffer value = record.value();
    short version = value.getShort();
    if (version < type.oldest() || version > type.newest()) {
      return null;
    }
    ApiMessage valueMessage = type.newValue().get();
    valueMessage.read(new ByteBufferAccessor(value), version);
    return CoordinatorRecord.of(keyMessage, version, valueMessage);
  }
}
