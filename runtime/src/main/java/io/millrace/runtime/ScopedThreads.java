package io.millrace.runtime;

import java.util.ArrayList;
import java.util.List;

/**
 * The loops and pools of one of several lives of a process: made by the process's threads, and
 * ended together when the life is over. Any thread may call.
 */
public final class ScopedThreads implements Threads, AutoCloseable {
  private final Threads threads;
  private final List<EventLoop> loops = new ArrayList<>();
  private final List<WorkerPool> pools = new ArrayList<>();

  public ScopedThreads(Threads threads) {
    this.threads = threads;
  }

  @Override
  public synchronized EventLoop eventLoop(String name) {
    EventLoop loop = threads.eventLoop(name);
    loops.add(loop);
    return loop;
  }

  @Override
  public synchronized WorkerPool pool(String name, int threadCount, int queueMax) {
    WorkerPool pool = threads.pool(name, threadCount, queueMax);
    pools.add(pool);
    return pool;
  }

  /** Ends every loop and pool that was made, after what is queued on it. Idempotent. */
  @Override
  public synchronized void close() {
    loops.forEach(EventLoop::close);
    loops.clear();
    pools.forEach(WorkerPool::close);
    pools.clear();
  }
}
