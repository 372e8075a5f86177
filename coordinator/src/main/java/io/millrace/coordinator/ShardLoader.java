package io.millrace.coordinator;

import io.millrace.runtime.Clock;
import io.millrace.runtime.EventLoop;
import io.millrace.storage.log.PartitionLog;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Replays a partition of an internal topic, from log start to the end it had when the load began,
 * once that is durable: a shard before this one may have appended what is still on its way. Records
 * are read and decoded on the threads of the reads, one stretch ahead of what the loop replays.
 */
final class ShardLoader {
  private static final Logger LOG = LoggerFactory.getLogger(ShardLoader.class);
  private static final int STEP_BYTES = 4 << 20;

  private final EventLoop loop;
  private final Clock clock;
  private final PartitionLog log;
  private final Shard shard;
  private final RecordDecoder decoder;
  private final long beganNs;
  private long end;
  private final CompletableFuture<Void> done = new CompletableFuture<>();

  /** Of the stretch before; the next one is read, but waits for it. */
  private CompletableFuture<Void> replayed = CompletableFuture.completedFuture(null);

  private ShardLoader(EventLoop loop, Clock clock, PartitionLog log, Shard shard) {
    this.loop = loop;
    this.clock = clock;
    this.log = log;
    this.shard = shard;
    this.decoder = shard.decoder();
    this.beganNs = clock.monotonicNs();
  }

  /** Completes on the loop when everything is replayed. */
  static CompletableFuture<Void> load(EventLoop loop, Clock clock, PartitionLog log, Shard shard) {
    ShardLoader loader = new ShardLoader(loop, clock, log, shard);
    log.settled()
        .whenComplete((_, failure) ->
            loop.execute(() -> {
              if (failure == null) {
                loader.begin();
              } else {
                loader.done.completeExceptionally(failure);
              }
            }));
    return loader.done;
  }

  private void begin() {
    end = log.highWatermark();
    read(log.logStart());
  }

  private void read(long offset) {
    if (offset >= end) {
      replayed.thenRun(() -> loop.execute(this::finish));
      return;
    }
    log.read(offset, STEP_BYTES, true, PartitionLog.Isolation.READ_UNCOMMITTED)
        .whenComplete((slice, failure) -> {
          if (failure != null) {
            fail(failure);
          } else {
            decode(slice, offset);
          }
        });
  }

  private void finish() {
    if (end > 0) {
      LOG.info(
          "Loaded {} up to offset {} in {} ms",
          log.id(),
          end,
          TimeUnit.NANOSECONDS.toMillis(clock.monotonicNs() - beganNs));
    }
    done.complete(null);
  }

  private void fail(Throwable failure) {
    loop.execute(() -> done.completeExceptionally(failure));
  }

  private void decode(PartitionLog.LogSlice slice, long offset) {
    List<Runnable> events = new ArrayList<>();
    long next = offset;
    try {
      ByteBuffer copy = ByteBuffer.allocate(slice.sizeBytes());
      slice.buffers().forEach(part -> copy.put(part.duplicate()));
      copy.flip();
      for (MutableRecordBatch batch : MemoryRecords.readableRecords(copy).batches()) {
        decode(batch, offset, events);
        next = batch.nextOffset();
      }
    } catch (Throwable e) {
      fail(e);
      return;
    } finally {
      slice.release();
    }
    if (next == offset) {
      fail(
          new IllegalStateException(
              log.id() + " gives nothing at offset " + offset + " below its end " + end));
      return;
    }
    long from = next;
    replayed.thenRun(() -> {
      replayed = replay(events);
      read(from);
    });
  }

  private CompletableFuture<Void> replay(List<Runnable> events) {
    CompletableFuture<Void> all = new CompletableFuture<>();
    loop.execute(() -> {
      try {
        events.forEach(Runnable::run);
        all.complete(null);
      } catch (Throwable e) {
        done.completeExceptionally(e);
      }
    });
    return all;
  }

  private void decode(MutableRecordBatch batch, long from, List<Runnable> events) {
    for (Record record : batch) {
      if (record.offset() >= from) {
        Runnable event =
            batch.isControlBatch() ? marker(batch, record) : decoder.decode(batch, record);
        if (event != null) {
          events.add(event);
        }
      }
    }
  }

  private @Nullable Runnable marker(MutableRecordBatch batch, Record record) {
    ControlRecordType type = ControlRecordType.parse(record.key());
    boolean committed = type == ControlRecordType.COMMIT;
    if (!committed && type != ControlRecordType.ABORT) {
      return null;
    }
    long producerId = batch.producerId();
    short producerEpoch = batch.producerEpoch();
    return () -> shard.replayMarker(producerId, producerEpoch, committed);
  }
}
