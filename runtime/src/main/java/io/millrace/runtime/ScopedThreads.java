package io.millrace.runtime;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;

/**
 * The loops of one of several lives of a process: made by the process's threads, and ended together
 * when the life is over. Pools end their threads by themselves when they are idle. Any thread may
 * call.
 */
public final class ScopedThreads implements Threads, AutoCloseable {
  private final Threads threads;
  private final List<EventLoop> loops = new ArrayList<>();

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
  public Executor pool(String name, int threadCount, int queueMax) {
    return threads.pool(name, threadCount, queueMax);
  }

  /** Ends every loop that was made, after what is queued on it. Idempotent. */
  @Override
  public synchronized void close() {
    loops.forEach(EventLoop::close);
    loops.clear();
  }
}
