package io.millrace.runtime;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Platform threads. All are daemons: the process lives as long as whoever waits for its end.
 * Threads are never interrupted, since an interrupt closes the file channel a thread is using.
 */
public final class SystemThreads implements Threads, AutoCloseable {
  private static final long IDLE_THREAD_MS = 30_000;

  private final FailureHandler failureHandler;
  private final List<SystemEventLoop> loops = new ArrayList<>();
  private final List<ThreadPoolExecutor> pools = new ArrayList<>();

  public SystemThreads(FailureHandler failureHandler) {
    this.failureHandler = failureHandler;
  }

  @Override
  public synchronized EventLoop eventLoop(String name) {
    SystemEventLoop loop = new SystemEventLoop(name, failureHandler);
    loops.removeIf(SystemEventLoop::ended);
    loops.add(loop);
    return loop;
  }

  @Override
  public synchronized WorkerPool pool(String name, int threads, int queueMax) {
    if (threads < 1 || queueMax < 0) {
      throw new IllegalArgumentException(
          "pool " + name + " with threads " + threads + " and queueMax " + queueMax);
    }
    BlockingQueue<Runnable> queue =
        queueMax == 0 ? new SynchronousQueue<>() : new ArrayBlockingQueue<>(queueMax);
    AtomicInteger number = new AtomicInteger();
    ThreadFactory factory =
        task ->
            Thread.ofPlatform()
                .name(name + "-" + number.getAndIncrement())
                .daemon(true)
                .unstarted(task);
    ThreadPoolExecutor pool =
        new ThreadPoolExecutor(
            threads, threads, IDLE_THREAD_MS, TimeUnit.MILLISECONDS, queue, factory);
    pool.allowCoreThreadTimeOut(true);
    pools.removeIf(ThreadPoolExecutor::isTerminated);
    pools.add(pool);
    return new Pool(pool);
  }

  private final class Pool implements WorkerPool {
    private final ThreadPoolExecutor threads;

    Pool(ThreadPoolExecutor threads) {
      this.threads = threads;
    }

    @Override
    public void execute(Runnable task) {
      threads.execute(() -> {
        try {
          task.run();
        } catch (Throwable t) {
          failureHandler.onFailure(Thread.currentThread().getName(), t);
        }
      });
    }

    @Override
    public void close() {
      threads.shutdown();
    }
  }

  /** Ends every loop and pool after what is queued; does not wait. */
  @Override
  public synchronized void close() {
    loops.forEach(SystemEventLoop::close);
    pools.forEach(ThreadPoolExecutor::shutdown);
  }

  /**
   * Waits for every loop and pool to end after {@link #close}; false if some still run after {@code
   * timeoutMs}.
   */
  public boolean awaitEnd(long timeoutMs) throws InterruptedException {
    List<SystemEventLoop> loopsNow;
    List<ThreadPoolExecutor> poolsNow;
    synchronized (this) {
      loopsNow = List.copyOf(loops);
      poolsNow = List.copyOf(pools);
    }
    long deadlineNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
    boolean ended = true;
    for (SystemEventLoop loop : loopsNow) {
      ended &= loop.awaitEnd(remainingMs(deadlineNs));
    }
    for (ThreadPoolExecutor pool : poolsNow) {
      ended &= pool.awaitTermination(remainingMs(deadlineNs), TimeUnit.MILLISECONDS);
    }
    return ended;
  }

  private static long remainingMs(long deadlineNs) {
    return Math.max(1, TimeUnit.NANOSECONDS.toMillis(deadlineNs - System.nanoTime()));
  }
}
