package io.millrace.runtime;

import java.util.PriorityQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jctools.queues.atomic.MpscUnboundedAtomicArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * One platform thread that runs tasks in hand-over order and parks when there are none. A hand-over
 * costs one queue insert, and a wake only if the thread is parked. The timers belong to the loop's
 * thread.
 */
final class SystemEventLoop implements EventLoop {
  private static final int QUEUE_CHUNK = 1024;
  private static final int TASKS_BETWEEN_TIMER_CHECKS = 64;
  private static final int CANCELLED_KEPT_MAX = 256;

  private final String name;
  private final FailureHandler failureHandler;
  private final Thread thread;
  private final MpscUnboundedAtomicArrayQueue<Runnable> queue =
      new MpscUnboundedAtomicArrayQueue<>(QUEUE_CHUNK);
  private final PriorityQueue<Timer> timers = new PriorityQueue<>();
  private volatile boolean parked;
  private volatile boolean closed;
  private volatile boolean ended;
  private int cancelledTimers;
  private long timerNumber;

  SystemEventLoop(String name, FailureHandler failureHandler) {
    this.name = name;
    this.failureHandler = failureHandler;
    this.thread = Thread.ofPlatform().name(name).daemon(true).unstarted(this::run);
    thread.start();
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public boolean inLoop() {
    return Thread.currentThread().equals(thread);
  }

  @Override
  public void execute(Runnable task) {
    if (closed && !inLoop()) {
      throw new RejectedExecutionException("event loop " + name + " is closed");
    }
    queue.offer(task);
    if (ended) {
      throw new RejectedExecutionException("event loop " + name + " has ended");
    }
    wake();
  }

  @Override
  public Cancellable schedule(long delayNs, Runnable task) {
    Timer timer = new Timer(System.nanoTime() + Math.max(0, delayNs), task);
    if (inLoop()) {
      add(timer);
    } else {
      execute(() -> add(timer));
    }
    return timer;
  }

  @Override
  public void close() {
    closed = true;
    wake();
  }

  boolean ended() {
    return ended;
  }

  boolean awaitEnd(long timeoutMs) throws InterruptedException {
    thread.join(timeoutMs);
    return !thread.isAlive();
  }

  private void wake() {
    if (parked) {
      LockSupport.unpark(thread);
    }
  }

  private void run() {
    while (true) {
      boolean idle = runQueued(TASKS_BETWEEN_TIMER_CHECKS) == 0;
      if (closed) {
        if (idle) {
          break;
        }
        continue;
      }
      long waitNs = runDueTimers();
      if (idle && waitNs > 0) {
        park(waitNs);
      }
    }
    ended = true;
    // A hand-over that raced with the end either sees `ended` or is seen here.
    runQueued(Integer.MAX_VALUE);
  }

  private int runQueued(int max) {
    int count = 0;
    Runnable task;
    while (count < max && (task = queue.poll()) != null) {
      runTask(task);
      count++;
    }
    return count;
  }

  /** Returns nanoseconds to the next timer; 0 if one ran. */
  private long runDueTimers() {
    Timer timer = timers.peek();
    if (timer == null) {
      return Long.MAX_VALUE;
    }
    long nowNs = System.nanoTime();
    boolean ran = false;
    while (timer != null && timer.deadlineNs - nowNs <= 0) {
      timers.poll();
      Runnable task = timer.take();
      if (task == null) {
        cancelledTimers--;
      } else {
        runTask(task);
        ran = true;
      }
      timer = timers.peek();
    }
    if (ran) {
      return 0;
    }
    return timer == null ? Long.MAX_VALUE : Math.max(1, timer.deadlineNs - nowNs);
  }

  private void park(long waitNs) {
    parked = true;
    if (queue.isEmpty() && !closed) {
      if (waitNs == Long.MAX_VALUE) {
        LockSupport.park(this);
      } else {
        LockSupport.parkNanos(this, Math.min(waitNs, TimeUnit.HOURS.toNanos(1)));
      }
    }
    parked = false;
  }

  private void runTask(Runnable task) {
    try {
      task.run();
    } catch (Throwable t) {
      failureHandler.onFailure(name, t);
    }
  }

  private void add(Timer timer) {
    if (closed || timer.task == null) {
      return;
    }
    timer.number = timerNumber++;
    timer.listed = true;
    timers.add(timer);
  }

  private void onCancelled(Timer timer) {
    if (timer.listed
        && ++cancelledTimers > CANCELLED_KEPT_MAX
        && cancelledTimers > timers.size() / 2) {
      timers.removeIf(t -> t.task == null);
      cancelledTimers = 0;
    }
  }

  private final class Timer implements Cancellable, Comparable<Timer> {
    private final long deadlineNs;
    private volatile @Nullable Runnable task;
    private long number;
    private boolean listed;

    Timer(long deadlineNs, Runnable task) {
      this.deadlineNs = deadlineNs;
      this.task = task;
    }

    private synchronized @Nullable Runnable take() {
      Runnable taken = task;
      task = null;
      return taken;
    }

    @Override
    public void cancel() {
      if (take() == null || closed) {
        return;
      }
      if (inLoop()) {
        onCancelled(this);
      } else {
        queue.offer(() -> onCancelled(this));
      }
    }

    @Override
    public int compareTo(Timer o) {
      int c = Long.signum(deadlineNs - o.deadlineNs);
      return c != 0 ? c : Long.compare(number, o.number);
    }
  }
}
