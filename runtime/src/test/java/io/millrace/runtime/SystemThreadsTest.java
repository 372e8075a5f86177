package io.millrace.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class SystemThreadsTest {
  private final CompletableFuture<Throwable> failure = new CompletableFuture<>();
  private final SystemThreads threads =
      new SystemThreads((thread, cause) -> failure.complete(cause));

  @AfterEach
  void end() {
    threads.close();
  }

  @Test
  void tasksOfManyThreadsRunOneAtATimeAndInEachOnesOrder() throws Exception {
    EventLoop loop = threads.eventLoop("loop");
    int senders = 4;
    int each = 20_000;
    List<List<Integer>> seen = new ArrayList<>();
    for (int s = 0; s < senders; s++) {
      seen.add(new ArrayList<>());
    }
    CountDownLatch done = new CountDownLatch(senders * each);
    List<Thread> running = new ArrayList<>();
    for (int s = 0; s < senders; s++) {
      List<Integer> mine = seen.get(s);
      running.add(
          Thread.ofPlatform()
              .start(() -> {
                for (int i = 0; i < each; i++) {
                  int number = i;
                  loop.execute(() -> {
                    mine.add(number);
                    done.countDown();
                  });
                }
              }));
    }
    for (Thread thread : running) {
      thread.join();
    }
    assertThat(done.await(30, TimeUnit.SECONDS)).isTrue();
    for (List<Integer> mine : seen) {
      assertThat(mine).hasSize(each).isSorted();
    }
  }

  @Test
  void anIdleLoopWakesForEachTask() throws Exception {
    EventLoop loop = threads.eventLoop("loop");
    for (int i = 0; i < 2_000; i++) {
      CompletableFuture<Boolean> ran = new CompletableFuture<>();
      loop.execute(() -> ran.complete(loop.inLoop()));
      assertThat(ran.get(10, TimeUnit.SECONDS)).isTrue();
    }
    assertThat(loop.inLoop()).isFalse();
  }

  @Test
  void scheduledTasksRunInOrderOfTimeAndCancelledOnesNever() throws Exception {
    EventLoop loop = threads.eventLoop("loop");
    List<String> ran = new ArrayList<>();
    CountDownLatch done = new CountDownLatch(1);
    EventLoop.Cancellable cancelled = loop.schedule(1_000_000, () -> ran.add("cancelled"));
    cancelled.cancel();
    loop.schedule(
        20_000_000,
        () -> {
          ran.add("second");
          done.countDown();
        });
    loop.schedule(2_000_000, () -> ran.add("first"));
    assertThat(done.await(30, TimeUnit.SECONDS)).isTrue();
    assertThat(ran).containsExactly("first", "second");
  }

  @Test
  void manyCancelledTimersLeaveTheOthersInPlace() throws Exception {
    EventLoop loop = threads.eventLoop("loop");
    CountDownLatch done = new CountDownLatch(1);
    for (int i = 0; i < 5_000; i++) {
      loop.schedule(TimeUnit.HOURS.toNanos(1), () -> {}).cancel();
    }
    loop.schedule(1_000_000, done::countDown);
    assertThat(done.await(30, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void aTaskThatThrowsIsReportedAndTheLoopGoesOn() throws Exception {
    EventLoop loop = threads.eventLoop("loop");
    CompletableFuture<Void> after = new CompletableFuture<>();
    loop.execute(() -> {
      throw new IllegalStateException("bug");
    });
    loop.execute(() -> after.complete(null));
    after.get(10, TimeUnit.SECONDS);
    assertThat(failure.get(10, TimeUnit.SECONDS)).hasMessage("bug");
  }

  @Test
  void aClosedLoopRunsWhatIsQueuedAndTakesNoMore() throws Exception {
    EventLoop loop = threads.eventLoop("loop");
    CountDownLatch gate = new CountDownLatch(1);
    AtomicInteger ran = new AtomicInteger();
    loop.execute(() -> {
      try {
        gate.await();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    });
    loop.execute(ran::incrementAndGet);
    loop.schedule(TimeUnit.HOURS.toNanos(1), ran::incrementAndGet);
    loop.close();
    loop.close();
    assertThatThrownBy(() -> loop.execute(() -> {})).isInstanceOf(RejectedExecutionException.class);
    gate.countDown();
    threads.close();
    assertThat(threads.awaitEnd(30_000)).isTrue();
    assertThat(ran).hasValue(1);
  }

  @Test
  void aFullPoolRefuses() throws Exception {
    Executor pool = threads.pool("pool", 1, 1);
    CountDownLatch gate = new CountDownLatch(1);
    CountDownLatch running = new CountDownLatch(1);
    pool.execute(() -> {
      running.countDown();
      try {
        gate.await();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    });
    running.await();
    pool.execute(() -> {});
    assertThatThrownBy(() -> pool.execute(() -> {})).isInstanceOf(RejectedExecutionException.class);
    gate.countDown();
  }

  @Test
  void aClosedPoolRunsWhatIsQueuedAndTakesNoMore() throws Exception {
    WorkerPool pool = threads.pool("pool", 1, 2);
    CountDownLatch gate = new CountDownLatch(1);
    AtomicInteger ran = new AtomicInteger();
    pool.execute(() -> {
      try {
        gate.await();
        ran.incrementAndGet();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    });
    pool.execute(ran::incrementAndGet);
    pool.close();
    pool.close();
    assertThatThrownBy(() -> pool.execute(() -> {})).isInstanceOf(RejectedExecutionException.class);
    gate.countDown();
    threads.close();
    assertThat(threads.awaitEnd(30_000)).isTrue();
    assertThat(ran).hasValue(2);
    assertThat(failure).isNotDone();
  }

  @Test
  void whatOneLifeMadeEndsWithItAndNothingElse() throws Exception {
    EventLoop processLoop = threads.eventLoop("process");
    WorkerPool processPool = threads.pool("process", 1, 1);
    ScopedThreads life = new ScopedThreads(threads);
    EventLoop loop = life.eventLoop("life");
    WorkerPool pool = life.pool("life", 1, 1);

    life.close();

    assertThatThrownBy(() -> loop.execute(() -> {})).isInstanceOf(RejectedExecutionException.class);
    assertThatThrownBy(() -> pool.execute(() -> {})).isInstanceOf(RejectedExecutionException.class);
    CountDownLatch done = new CountDownLatch(2);
    processLoop.execute(done::countDown);
    processPool.execute(done::countDown);
    assertThat(done.await(30, TimeUnit.SECONDS)).isTrue();
  }
}
