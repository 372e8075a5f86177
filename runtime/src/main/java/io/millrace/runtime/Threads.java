package io.millrace.runtime;

import java.util.concurrent.Executor;

/**
 * Makes the threads of a process; in the simulation every loop and pool is a queue of one
 * scheduler.
 */
public interface Threads {
  EventLoop eventLoop(String name);

  /**
   * A pool for blocking work (disk reads, merges).
   *
   * @param threads number of threads
   * @param queueMax tasks that may wait; beyond it {@code execute} throws {@link
   *     java.util.concurrent.RejectedExecutionException}
   */
  Executor pool(String name, int threads, int queueMax);
}
