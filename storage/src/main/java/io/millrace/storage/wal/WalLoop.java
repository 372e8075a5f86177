package io.millrace.storage.wal;

import io.millrace.runtime.EventLoop;
import io.millrace.runtime.EventLoop.Cancellable;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;

/**
 * The loop of an ObjectWal as its parts use it: a task that throws ends the WAL, and none runs
 * after the end.
 */
final class WalLoop {
  private final EventLoop loop;
  private final Consumer<Throwable> onFailure;
  private boolean ended;

  WalLoop(EventLoop loop, Consumer<Throwable> onFailure) {
    this.loop = loop;
    this.onFailure = onFailure;
  }

  /** Any thread. */
  void execute(Runnable task) {
    execute(task, () -> {});
  }

  /** Any thread; one of the two runs. */
  void execute(Runnable task, Runnable ifEnded) {
    try {
      loop.execute(() -> {
        if (ended) {
          ifEnded.run();
        } else {
          run(task);
        }
      });
    } catch (RejectedExecutionException closed) {
      ifEnded.run();
    }
  }

  Cancellable schedule(long delayNs, Runnable task) {
    return loop.schedule(delayNs, () -> run(task));
  }

  /** On the loop. */
  void run(Runnable task) {
    if (ended) {
      return;
    }
    try {
      task.run();
    } catch (RuntimeException | VirtualMachineError e) {
      onFailure.accept(e);
    }
  }

  /** On the loop. */
  void end() {
    ended = true;
    loop.close();
  }
}
