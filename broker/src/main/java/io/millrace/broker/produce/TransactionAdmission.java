package io.millrace.broker.produce;

import io.millrace.broker.produce.TransactionalRequest.First;
import io.millrace.broker.transaction.TransactionVerifier;
import io.millrace.storage.PartitionId;
import io.millrace.storage.log.PartitionLog;
import io.millrace.storage.log.Partitions;
import io.millrace.storage.log.VerificationGuard;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.InvalidTxnStateException;
import org.apache.kafka.common.errors.NotEnoughReplicasException;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * Has the coordinator confirm a transaction before its first batch reaches a partition (KIP-890).
 * The requests of one producer go on in the order they came, whatever they wait for: a batch whose
 * transaction is open by now must not overtake one that waited for the coordinator. Any thread may
 * call.
 */
public final class TransactionAdmission {
  private final Partitions partitions;
  private final TransactionVerifier verifier;

  /** Per producer with a request under way, those behind it; guarded by this. */
  private final Map<Long, ArrayDeque<Turn>> waiting = new HashMap<>();

  private record Turn(
      TransactionalRequest request, Consumer<Admissions> append, CompletableFuture<Void> done) {}

  public TransactionAdmission(Partitions partitions, TransactionVerifier verifier) {
    this.partitions = partitions;
    this.verifier = verifier;
  }

  /**
   * Runs {@code append} with what was found out: before it returns, if no request of the producer
   * is under way, all partitions are open and so is the transaction in each. Completes when {@code
   * append} has returned; fails if that throws.
   */
  public CompletableFuture<Void> admit(TransactionalRequest request, Consumer<Admissions> append) {
    Turn turn = new Turn(request, append, new CompletableFuture<>());
    synchronized (this) {
      ArrayDeque<Turn> behind = waiting.get(request.producerId());
      if (behind != null) {
        behind.add(turn);
        return turn.done();
      }
      waiting.put(request.producerId(), new ArrayDeque<>(1));
    }
    run(turn);
    return turn.done();
  }

  private void run(Turn first) {
    @Nullable Turn turn = first;
    while (turn != null) {
      Turn present = turn;
      CompletableFuture<Admissions> found = admissions(present.request());
      if (!found.isDone()) {
        found.whenComplete((admissions, failure) -> {
          finish(present, admissions, failure);
          Turn next = next(present.request().producerId());
          if (next != null) {
            run(next);
          }
        });
        return;
      }
      found.whenComplete((admissions, failure) -> finish(present, admissions, failure));
      turn = next(present.request().producerId());
    }
  }

  private static void finish(
      Turn turn, @Nullable Admissions admissions, @Nullable Throwable failure) {
    try {
      if (admissions != null) {
        turn.append().accept(admissions);
        turn.done().complete(null);
      } else if (failure != null) {
        turn.done().completeExceptionally(failure);
      }
    } catch (RuntimeException bug) {
      turn.done().completeExceptionally(bug);
    }
  }

  private synchronized @Nullable Turn next(long producerId) {
    ArrayDeque<Turn> behind = waiting.get(producerId);
    Turn next = behind == null ? null : behind.poll();
    if (next == null) {
      waiting.remove(producerId);
    }
    return next;
  }

  private CompletableFuture<Admissions> admissions(TransactionalRequest request) {
    Admissions admissions = new Admissions();
    Map<PartitionId, VerificationGuard> asked = new ConcurrentHashMap<>();
    List<CompletableFuture<?>> looked = new ArrayList<>();
    for (Map.Entry<PartitionId, First> each : request.first().entrySet()) {
      PartitionId id = each.getKey();
      looked.add(
          partitions
              .open(id)
              .thenAccept(log -> {
                VerificationGuard guard = begin(log, request, each.getValue());
                if (guard.equals(VerificationGuard.NONE)) {
                  admissions.admit(id, guard);
                } else {
                  asked.put(id, guard);
                }
              })
              .exceptionally(failure -> {
                admissions.refuse(id, failure);
                return null;
              }));
    }
    return CompletableFuture.allOf(looked.toArray(CompletableFuture<?>[]::new))
        .thenCompose(_ ->
            asked.isEmpty()
                ? CompletableFuture.completedFuture(admissions)
                : ask(request, asked, admissions));
  }

  private static VerificationGuard begin(
      PartitionLog log, TransactionalRequest request, First first) {
    return log.beginVerification(
        request.producerId(), request.producerEpoch(), first.sequence(), request.brokersAdd());
  }

  private CompletableFuture<Admissions> ask(
      TransactionalRequest request,
      Map<PartitionId, VerificationGuard> asked,
      Admissions admissions) {
    Map<TopicPartition, PartitionId> names = new HashMap<>();
    request
        .first()
        .forEach((id, first) -> {
          if (asked.containsKey(id)) {
            names.put(first.name(), id);
          }
        });
    return verifier
        .verifyOrAdd(
            request.transactionalId(),
            request.producerId(),
            request.producerEpoch(),
            names.keySet(),
            request.brokersAdd())
        .thenApply(answers -> {
          asked.forEach((id, guard) -> admissions.admit(id, guard));
          names.forEach((name, id) -> {
            Errors error = answers.getOrDefault(name, Errors.UNKNOWN_SERVER_ERROR);
            if (error != Errors.NONE) {
              admissions.refuse(id, refusal(error, request));
            }
          });
          return admissions;
        });
  }

  /** The coordinator's answer in terms a producer of that version acts upon rightly. */
  private static ApiException refusal(Errors error, TransactionalRequest request) {
    return switch (error) {
      case INVALID_TXN_STATE ->
          new InvalidTxnStateException("Partition was not added to the transaction.");
      case TRANSACTION_ABORTABLE ->
          request.knowsAbortable()
              ? error.exception()
              : new InvalidTxnStateException("The transaction has to be aborted.");
      // producers send again after this one, without looking for the leader first
      case CONCURRENT_TRANSACTIONS,
          NETWORK_EXCEPTION,
          COORDINATOR_LOAD_IN_PROGRESS,
          COORDINATOR_NOT_AVAILABLE,
          NOT_COORDINATOR ->
          new NotEnoughReplicasException(
              "The transaction's coordinator could not confirm it yet: " + error + ".");
      default -> error.exception();
    };
  }
}
