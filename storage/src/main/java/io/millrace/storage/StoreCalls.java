package io.millrace.storage;

import io.millrace.objectstore.ObjectStore;
import io.millrace.objectstore.ObjectStore.GetOutcome;
import io.millrace.objectstore.ObjectStore.PutOutcome;
import io.millrace.runtime.EventLoop;
import io.millrace.runtime.Randomness;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * Calls of a store, made again with backoff until they are answered, for as long as the loop lives
 * (invariant I5). An outcome is never Unknown. Any thread may call; futures complete on the loop.
 */
public final class StoreCalls {
  private final ObjectStore store;
  private final EventLoop loop;
  private final Randomness randomness;
  private volatile boolean closed;

  public StoreCalls(ObjectStore store, EventLoop loop, Randomness randomness) {
    this.store = store;
    this.loop = loop;
    this.randomness = randomness;
  }

  /** Nothing is tried again; what is under way never completes. */
  public void close() {
    closed = true;
  }

  /** Stored or Exists. After an attempt without answer, Exists may mean these very bytes. */
  public CompletableFuture<PutOutcome> putIfAbsent(String key, ByteBuffer body) {
    return answered(
        () -> store.putIfAbsent(key, body.duplicate()),
        outcome -> !(outcome instanceof PutOutcome.Unknown));
  }

  /** Found, Absent or TooLarge. */
  public CompletableFuture<GetOutcome> get(String key, int bytesMax) {
    return answered(
        () -> store.get(key, bytesMax), outcome -> !(outcome instanceof GetOutcome.Unknown));
  }

  /** Found or Absent. */
  public CompletableFuture<GetOutcome> getRange(String key, long position, int length) {
    return answered(
        () -> store.getRange(key, position, length),
        outcome -> !(outcome instanceof GetOutcome.Unknown));
  }

  /** Keys. */
  public CompletableFuture<ObjectStore.ListOutcome> list(String prefix, String after, int keysMax) {
    return answered(
        () -> store.list(prefix, after, keysMax),
        outcome -> !(outcome instanceof ObjectStore.ListOutcome.Unknown));
  }

  private <T> CompletableFuture<T> answered(
      Supplier<CompletableFuture<T>> call, Predicate<T> isAnswer) {
    CompletableFuture<T> result = new CompletableFuture<>();
    attempt(call, isAnswer, result, new Backoff(randomness));
    return result;
  }

  private <T> void attempt(
      Supplier<CompletableFuture<T>> call,
      Predicate<T> isAnswer,
      CompletableFuture<T> result,
      Backoff backoff) {
    call.get()
        .whenCompleteAsync(
            (outcome, error) -> {
              if (closed) {
                return;
              }
              if (error != null) {
                result.completeExceptionally(error);
              } else if (isAnswer.test(outcome)) {
                result.complete(outcome);
              } else {
                loop.schedule(
                    backoff.nextNs(),
                    () -> {
                      if (!closed) {
                        attempt(call, isAnswer, result, backoff);
                      }
                    });
              }
            },
            loop);
  }
}
