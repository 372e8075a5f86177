package io.millrace.coordinator;

import io.millrace.runtime.Clock;
import io.millrace.runtime.EventLoop;
import io.millrace.storage.log.PartitionLog;
import io.millrace.storage.log.VerificationGuard;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.CoordinatorNotAvailableException;
import org.apache.kafka.common.errors.NotCoordinatorException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs one {@link Shard} on an event loop over its partition: appends an event's records, lets its
 * replies go once they are durable and leadership is proven, keeps its timers. There is no
 * rollback: when an append or a proof fails the shard ends, its callers get NOT_COORDINATOR, and
 * the next caller loads anew. While the log takes no records, what would write is not begun.
 */
public final class ShardRunner<S extends Shard> {
  private static final Logger LOG = LoggerFactory.getLogger(ShardRunner.class);

  private final EventLoop loop;
  private final Clock clock;
  private final PartitionLog log;
  private final S shard;
  private final int batchBytesMax;
  private final ShardTimers timers;
  private final RoomGate gate;
  private final Map<Long, Open> open = new LinkedHashMap<>();
  private long nextNumber;
  private CompletableFuture<?> lastAppend = CompletableFuture.completedFuture(null);
  private boolean proven;
  private long provenAtNs;

  /** When the log last answered an append or a proof. */
  private long progressAtNs;

  private volatile boolean ended;

  ShardRunner(EventLoop loop, Clock clock, PartitionLog log, S shard, int batchBytesMax) {
    this.loop = loop;
    this.clock = clock;
    this.log = log;
    this.shard = shard;
    this.batchBytesMax = batchBytesMax;
    this.timers = new ShardTimers(loop, clock, this::onTimer);
    this.gate = new RoomGate(loop, clock, log, timers::onShut, this::turnWritersAway);
    this.progressAtNs = clock.monotonicNs();
  }

  public boolean ended() {
    return ended;
  }

  /**
   * One request. The event completes its future through the outbox, now or in a later event. Fails
   * with CoordinatorNotAvailableException while the log takes no records, also if it stops taking
   * them later and the event has been waiting for what that holds up.
   */
  public <T> CompletableFuture<T> call(Call<S, T> event) {
    return request(event, true);
  }

  /** A request whose event writes nothing. */
  public <T> CompletableFuture<T> ask(Call<S, T> event) {
    return request(event, false);
  }

  private <T> CompletableFuture<T> request(Call<S, T> event, boolean mayWrite) {
    CompletableFuture<T> future = new CompletableFuture<>();
    loop.execute(() -> {
      if (ended) {
        future.completeExceptionally(new NotCoordinatorException("The coordinator is moving."));
        return;
      }
      if (mayWrite && !gate.isOpen()) {
        turnAway(future);
        return;
      }
      long number = nextNumber++;
      open.put(number, new Open(future, mayWrite));
      future.whenComplete((_, _) -> onLoop(() -> open.remove(number)));
      run(out -> event.run(shard, out, future));
    });
    return future;
  }

  /** Those whose next step is held back or waits for others who are; what they began goes on. */
  private void turnWritersAway() {
    for (Open request : List.copyOf(open.values())) {
      if (request.mayWrite()) {
        turnAway(request.reply());
      }
    }
  }

  private static void turnAway(CompletableFuture<?> future) {
    future.completeExceptionally(
        new CoordinatorNotAvailableException("The coordinator's log has no room at present."));
  }

  /** A request without an answer yet. */
  private record Open(CompletableFuture<?> reply, boolean mayWrite) {}

  /** A request's event. */
  public interface Call<S, T> {
    void run(S shard, Outbox out, CompletableFuture<T> reply);
  }

  /** An event nobody waits for. */
  public void tell(BiConsumer<S, Outbox> event) {
    loop.execute(() -> {
      if (!ended) {
        gate.pass(() -> run(out -> event.accept(shard, out)));
      }
    });
  }

  private void run(Consumer<Outbox> event) {
    try {
      carryOut(event);
    } catch (Throwable bug) {
      // Half of an event may be in memory and not in the log: only the log is right now. An Error
      // is no different: whoever waits must hear of it.
      LOG.error("An event of {} failed; its shard loads anew", log.id(), bug);
      end();
    }
  }

  private void carryOut(Consumer<Outbox> event) {
    Outbox out = new Outbox();
    event.accept(out);
    out.timers().forEach(timers::change);
    if (!out.records().isEmpty()) {
      append(out.records(), out.apart() ? batchBytesMax : Integer.MAX_VALUE);
    }
    Outbox.TransactionalWrite transaction = out.transaction();
    if (transaction != null) {
      append(transaction);
    }
    if (out.replies().isEmpty() && out.works().isEmpty()) {
      return;
    }
    CompletableFuture<?> durable = lastAppend;
    // records that became durable after the event are a proof themselves
    CompletableFuture<?> proof =
        out.records().isEmpty() ? proof(out.proofAgeMsMax()) : CompletableFuture.completedFuture(0);
    durable
        .thenCombine(proof, (_, _) -> 0)
        .whenComplete((_, failure) -> {
          if (failure == null) {
            out.replies().forEach(Runnable::run);
            out.works().forEach(work -> onLoop(() -> begin(work)));
          }
        });
  }

  private <T> void begin(Outbox.Work<T> work) {
    if (ended) {
      return;
    }
    work.begin()
        .get()
        .whenComplete((result, bug) ->
            onLoop(() -> {
              if (!ended) {
                gate.pass(() -> run(out -> finish(work, result, bug, out)));
              }
            }));
  }

  private <T> void finish(Outbox.Work<T> work, T result, @Nullable Throwable bug, Outbox out) {
    if (bug != null) {
      throw new IllegalStateException("work of " + log.id() + " failed", bug);
    }
    work.sequel().accept(result, out);
  }

  /**
   * A proof of leadership asked for at most so long ago.
   *
   * @param ageMsMax 0 if only one asked for now will do
   */
  private CompletableFuture<?> proof(long ageMsMax) {
    long nowNs = clock.monotonicNs();
    if (proven && ageMsMax > 0 && nowNs - provenAtNs <= TimeUnit.MILLISECONDS.toNanos(ageMsMax)) {
      return CompletableFuture.completedFuture(0);
    }
    CompletableFuture<Void> proof = log.proof();
    proof.whenComplete((_, failure) -> onLoop(() -> onLogAnswer(nowNs, failure)));
    return proof;
  }

  /** An append or a proof asked for at {@code askedAtNs} is done. */
  private void onLogAnswer(long askedAtNs, @Nullable Throwable failure) {
    if (failure != null) {
      end();
      return;
    }
    long nowNs = clock.monotonicNs();
    long stalledNs = nowNs - Math.max(askedAtNs, progressAtNs);
    progressAtNs = nowNs;
    if (!proven || askedAtNs - provenAtNs > 0) {
      proven = true;
      provenAtNs = askedAtNs;
    }
    timers.onStall(stalledNs);
  }

  private void append(List<CoordinatorRecord> records, int bytesMax) {
    long nowMs = clock.wallMs();
    long askedAtNs = clock.monotonicNs();
    List<SimpleRecord> encoded = new ArrayList<>();
    int bytes = 0;
    List<CompletableFuture<?>> appends = new ArrayList<>();
    appends.add(lastAppend);
    for (CoordinatorRecord record : records) {
      SimpleRecord next = CoordinatorRecordCodec.encode(record, nowMs);
      int size =
          next.key().remaining() + (next.value() == null ? 0 : next.value().remaining()) + 32;
      if (!encoded.isEmpty() && bytes + size > bytesMax) {
        appends.add(appendBatch(encoded, nowMs));
        encoded = new ArrayList<>();
        bytes = 0;
      }
      encoded.add(next);
      bytes += size;
    }
    appends.add(appendBatch(encoded, nowMs));
    lastAppend = CompletableFuture.allOf(appends.toArray(CompletableFuture[]::new));
    lastAppend.whenComplete((_, failure) -> onLoop(() -> onLogAnswer(askedAtNs, failure)));
  }

  private void append(Outbox.TransactionalWrite transaction) {
    long nowMs = clock.wallMs();
    List<SimpleRecord> encoded =
        transaction.records().stream()
            .map(record -> CoordinatorRecordCodec.encode(record, nowMs))
            .toList();
    long askedAtNs = clock.monotonicNs();
    CompletableFuture<?> append =
        appendBatch(
            encoded,
            nowMs,
            transaction.producerId(),
            transaction.producerEpoch(),
            transaction.guard());
    CompletableFuture<Void> applied = new CompletableFuture<>();
    append.whenComplete((_, failure) ->
        onLoop(() -> {
          ApiException refusal = refusal(failure);
          if (refusal == null) { // one from memory proves nothing
            onLogAnswer(askedAtNs, failure);
          }
          if (!ended) {
            run(_ -> transaction.then().accept(refusal));
          }
          applied.complete(null);
        }));
    lastAppend = CompletableFuture.allOf(lastAppend, applied);
  }

  /** Why the log does not take this producer's batch; null if it took it, or takes none. */
  private static @Nullable ApiException refusal(@Nullable Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    return cause instanceof ApiException refused && !(cause instanceof RetriableException)
        ? refused
        : null;
  }

  private CompletableFuture<?> appendBatch(List<SimpleRecord> records, long nowMs) {
    return appendBatch(
        records,
        nowMs,
        RecordBatch.NO_PRODUCER_ID,
        RecordBatch.NO_PRODUCER_EPOCH,
        VerificationGuard.NONE);
  }

  private CompletableFuture<?> appendBatch(
      List<SimpleRecord> records,
      long nowMs,
      long producerId,
      short producerEpoch,
      VerificationGuard guard) {
    boolean transactional = producerId != RecordBatch.NO_PRODUCER_ID;
    int estimate = 128;
    for (SimpleRecord record : records) {
      estimate +=
          32 + record.key().remaining() + (record.value() == null ? 0 : record.value().remaining());
    }
    ByteBuffer buffer = ByteBuffer.allocate(estimate);
    try (MemoryRecordsBuilder builder =
        MemoryRecords.builder(
            buffer,
            RecordBatch.MAGIC_VALUE_V2,
            Compression.NONE,
            TimestampType.CREATE_TIME,
            0L,
            nowMs,
            producerId,
            producerEpoch,
            transactional ? 0 : RecordBatch.NO_SEQUENCE,
            transactional,
            false,
            RecordBatch.NO_PARTITION_LEADER_EPOCH)) {
      records.forEach(builder::append);
      ByteBuffer batch = builder.build().buffer();
      return log.append(batch, -1, PartitionLog.Origin.COORDINATOR, guard);
    } catch (RecordTooLargeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  private void onTimer(ShardTimers.Timer timer) {
    if (ended) {
      return;
    }
    if (!gate.isOpen()) {
      timers.retry(timer);
      return;
    }
    if (!timer.expiry()) {
      timers.take(timer).ifPresent(this::run);
      return;
    }
    proof(0)
        .whenComplete((_, failure) -> {
          if (failure == null) {
            onLoop(() -> {
              if (!ended && gate.isOpen()) {
                timers.expire(timer).ifPresent(this::run);
              } else if (!ended) {
                timers.retry(timer);
              }
            });
          }
        });
  }

  /** Fails every open request; nothing runs afterwards. */
  public void end() {
    if (ended) {
      return;
    }
    ended = true;
    timers.clear();
    gate.end();
    for (Open request : List.copyOf(open.values())) {
      request
          .reply()
          .completeExceptionally(new NotCoordinatorException("The coordinator is moving."));
    }
    open.clear();
  }

  private void onLoop(Runnable task) {
    if (loop.inLoop()) {
      task.run();
    } else {
      loop.execute(task);
    }
  }
}
