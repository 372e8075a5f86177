package io.millrace.coordinator;

import io.millrace.runtime.EventLoop;
import io.millrace.storage.log.PartitionLog;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;

/**
 * Replays a partition of an internal topic, from log start to the high watermark it had when the
 * load began.
 */
final class ShardLoader {
  private static final int STEP_BYTES = 4 << 20;

  private final EventLoop loop;
  private final PartitionLog log;
  private final Shard shard;
  private final long end;
  private final CompletableFuture<Void> done = new CompletableFuture<>();

  private ShardLoader(EventLoop loop, PartitionLog log, Shard shard) {
    this.loop = loop;
    this.log = log;
    this.shard = shard;
    this.end = log.highWatermark();
  }

  /** Completes on the loop when everything is replayed. */
  static CompletableFuture<Void> load(EventLoop loop, PartitionLog log, Shard shard) {
    ShardLoader loader = new ShardLoader(loop, log, shard);
    loop.execute(() -> loader.step(log.logStart()));
    return loader.done;
  }

  private void step(long offset) {
    if (offset >= end) {
      done.complete(null);
      return;
    }
    log.read(offset, STEP_BYTES, true, PartitionLog.Isolation.READ_UNCOMMITTED)
        .whenComplete((slice, failure) ->
            loop.execute(() -> {
              if (failure != null) {
                done.completeExceptionally(failure);
              } else {
                replay(slice, offset);
              }
            }));
  }

  private void replay(PartitionLog.LogSlice slice, long offset) {
    long next = offset;
    try {
      ByteBuffer copy = ByteBuffer.allocate(slice.sizeBytes());
      slice.buffers().forEach(part -> copy.put(part.duplicate()));
      copy.flip();
      for (MutableRecordBatch batch : MemoryRecords.readableRecords(copy).batches()) {
        replay(batch, offset);
        next = batch.nextOffset();
      }
    } catch (RuntimeException e) {
      done.completeExceptionally(e);
      return;
    } finally {
      slice.release();
    }
    if (next == offset) {
      done.completeExceptionally(
          new IllegalStateException(
              log.id() + " gives nothing at offset " + offset + " below its end " + end));
      return;
    }
    step(next);
  }

  private void replay(MutableRecordBatch batch, long from) {
    for (Record record : batch) {
      if (record.offset() < from) {
        continue;
      }
      if (batch.isControlBatch()) {
        ControlRecordType type = ControlRecordType.parse(record.key());
        if (type == ControlRecordType.COMMIT || type == ControlRecordType.ABORT) {
          shard.replayMarker(
              batch.producerId(), batch.producerEpoch(), type == ControlRecordType.COMMIT);
        }
      } else if (batch.isTransactional()) {
        CoordinatorRecordCodec.decode(shard.recordTypes(), record)
            .ifPresent(each -> shard.replay(batch.producerId(), batch.producerEpoch(), each));
      } else {
        CoordinatorRecordCodec.decode(shard.recordTypes(), record).ifPresent(shard::replay);
      }
    }
  }
}
