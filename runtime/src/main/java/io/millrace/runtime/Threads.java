package io.millrace.runtime;

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
   * @param queueMax tasks that may wait
   */
  WorkerPool pool(String name, int threads, int queueMax);
}
