package io.millrace.storage.object;

import io.millrace.runtime.EventLoop;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;

/** Repeats an asynchronous step on a loop, other tasks coming between, until it answers false. */
public final class LoopSteps {
  private LoopSteps() {}

  public static CompletableFuture<Void> repeat(
      EventLoop loop, Supplier<CompletableFuture<Boolean>> step) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    try {
      loop.execute(() -> next(loop, step, done));
    } catch (RejectedExecutionException loopEnded) {
      done.completeExceptionally(loopEnded);
    }
    return done;
  }

  private static void next(
      EventLoop loop, Supplier<CompletableFuture<Boolean>> step, CompletableFuture<Void> done) {
    CompletableFuture<Boolean> answer;
    try {
      answer = step.get();
    } catch (RuntimeException e) {
      answer = CompletableFuture.failedFuture(e);
    }
    var _ =
        answer
            .whenCompleteAsync(
                (more, failure) -> {
                  if (failure != null) {
                    done.completeExceptionally(failure);
                  } else if (more) {
                    next(loop, step, done);
                  } else {
                    done.complete(null);
                  }
                },
                loop)
            // also if the loop ended meanwhile: then the step above never runs
            .whenComplete((_, failure) -> {
              if (failure != null) {
                done.completeExceptionally(failure);
              }
            });
  }
}
