package io.millrace.storage.recovery;

import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongFunction;
import java.util.function.ObjLongConsumer;

/**
 * Makes a call for each number of a range, several at a time, and hands the results over in order
 * of the numbers. Owned by the loop that the calls complete on; they do so after they returned.
 */
final class InOrder<T> {
  private final long end;
  private final int atOnceMax;
  private final LongFunction<CompletableFuture<T>> call;
  private final ObjLongConsumer<T> onResult;
  private final CompletableFuture<Void> done = new CompletableFuture<>();
  private final ArrayDeque<CompletableFuture<T>> underWay = new ArrayDeque<>();
  private long first;

  private InOrder(
      long from,
      long end,
      int atOnceMax,
      LongFunction<CompletableFuture<T>> call,
      ObjLongConsumer<T> onResult) {
    this.first = from;
    this.end = end;
    this.atOnceMax = atOnceMax;
    this.call = call;
    this.onResult = onResult;
  }

  /** For the numbers in [from, end); fails with what the first call or hand-over failed with. */
  static <T> CompletableFuture<Void> run(
      long from,
      long end,
      int atOnceMax,
      LongFunction<CompletableFuture<T>> call,
      ObjLongConsumer<T> onResult) {
    InOrder<T> run = new InOrder<>(from, end, atOnceMax, call, onResult);
    run.goOn();
    return run.done;
  }

  private void goOn() {
    while (!underWay.isEmpty() && underWay.getFirst().isDone() && !done.isDone()) {
      underWay.removeFirst().whenComplete(this::take);
    }
    while (underWay.size() < atOnceMax && first + underWay.size() < end && !done.isDone()) {
      CompletableFuture<T> next = call.apply(first + underWay.size());
      underWay.addLast(next);
      next.whenComplete((_, _) -> goOn());
    }
    if (first == end) {
      done.complete(null);
    }
  }

  private void take(T result, Throwable error) {
    if (error != null) {
      done.completeExceptionally(error);
      return;
    }
    try {
      onResult.accept(result, first);
      first++;
    } catch (RuntimeException e) {
      done.completeExceptionally(e);
    }
  }
}
