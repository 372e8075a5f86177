package io.millrace.coordinator;

import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.jspecify.annotations.Nullable;

/** Decodes records of every type a shard knows into Kafka's messages. */
final class MessageDecoder implements RecordDecoder {
  private final Shard shard;

  MessageDecoder(Shard shard) {
    this.shard = shard;
  }

  @Override
  public @Nullable Runnable decode(RecordBatch batch, Record record) {
    CoordinatorRecord decoded = CoordinatorRecordCodec.decode(shard.recordTypes(), record);
    if (decoded == null) {
      return null;
    }
    if (batch.isTransactional()) {
      long producerId = batch.producerId();
      short producerEpoch = batch.producerEpoch();
      return () -> shard.replay(producerId, producerEpoch, decoded);
    }
    return () -> shard.replay(decoded);
  }
}
