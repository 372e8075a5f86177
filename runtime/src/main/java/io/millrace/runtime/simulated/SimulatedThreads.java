package io.millrace.runtime.simulated;

import io.millrace.runtime.EventLoop;
import io.millrace.runtime.Threads;
import io.millrace.runtime.WorkerPool;
import io.millrace.runtime.simulated.SimulatedScheduler.Event;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;

/** The threads of one simulated process; {@link #kill} drops all their tasks at once. */
public final class SimulatedThreads implements Threads {
  private final SimulatedScheduler scheduler;
  private final String process;
  private final Map<String, Long> stalledUntilNs = new HashMap<>();
  private boolean alive = true;
  private long stoppedUntilNs;
  private long pending;

  public SimulatedThreads(SimulatedScheduler scheduler, String process) {
    this.scheduler = scheduler;
    this.process = process;
  }

  @Override
  public EventLoop eventLoop(String name) {
    return new Loop(process + "/" + name, scheduler.nextQueueNumber());
  }

  @Override
  public WorkerPool pool(String name, int threads, int queueMax) {
    return new Pool(process + "/" + name, scheduler.nextQueueNumber(), threads, queueMax);
  }

  /** The end of the process: nothing of it runs any more. */
  public void kill() {
    alive = false;
  }

  /** Stops the process and lets it continue after a while with all that has queued. */
  public void stop(long durationNs) {
    stoppedUntilNs = Math.max(stoppedUntilNs, scheduler.nowNs() + durationNs);
  }

  /** The same for one loop or pool, by the name it was made with. */
  public void stall(String queue, long durationNs) {
    stalledUntilNs.merge(process + "/" + queue, scheduler.nowNs() + durationNs, Math::max);
  }

  /** Whether {@link #stop} still holds it. */
  public boolean stopped() {
    return alive && scheduler.nowNs() < stoppedUntilNs;
  }

  private long stalledUntilNs(String queue) {
    return stalledUntilNs.isEmpty()
        ? stoppedUntilNs
        : Math.max(stoppedUntilNs, stalledUntilNs.getOrDefault(queue, 0L));
  }

  public boolean alive() {
    return alive;
  }

  /**
   * Tasks handed over and not yet run (timers not counted); bounded in a healthy process (invariant
   * I13).
   */
  public long pending() {
    return pending;
  }

  private final class Loop extends TaskQueue implements EventLoop {
    private long lastReadyNs;
    private boolean closed;

    Loop(String name, int number) {
      super(name, number);
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    boolean accepts(boolean timer) {
      return alive && !(timer && closed);
    }

    @Override
    long stalledUntilNs() {
      return SimulatedThreads.this.stalledUntilNs(name);
    }

    @Override
    void onRun(Event event) {
      pending -= event.timer() ? 0 : 1;
    }

    @Override
    public void execute(Runnable task) {
      if (closed && !inLoop()) {
        throw new RejectedExecutionException("event loop " + name + " is closed");
      }
      if (!alive) {
        return;
      }
      pending++;
      lastReadyNs = Math.max(lastReadyNs, scheduler.nowNs() + scheduler.handOverDelayNs());
      scheduler.add(this, lastReadyNs, task, false);
    }

    @Override
    public Cancellable schedule(long delayNs, Runnable task) {
      long timeNs = scheduler.nowNs() + Math.max(0, delayNs) + scheduler.handOverDelayNs();
      return scheduler.add(this, timeNs, task, true)::cancel;
    }

    @Override
    public boolean inLoop() {
      return scheduler.isRunning(this);
    }

    @Override
    public void close() {
      closed = true;
    }
  }

  private final class Pool extends TaskQueue implements WorkerPool {
    private final int threads;
    private final int waitingMax;
    private long lastReadyNs;
    private int waiting;
    private boolean closed;

    Pool(String name, int number, int threads, int queueMax) {
      super(name, number);
      this.threads = threads;
      this.waitingMax = threads + queueMax;
    }

    @Override
    boolean accepts(boolean timer) {
      return alive;
    }

    @Override
    long stalledUntilNs() {
      return SimulatedThreads.this.stalledUntilNs(name);
    }

    @Override
    void onRun(Event event) {
      waiting--;
      pending--;
    }

    @Override
    public void execute(Runnable task) {
      if (closed) {
        throw new RejectedExecutionException("pool " + name + " is closed");
      }
      if (!alive) {
        return;
      }
      if (waiting >= waitingMax) {
        throw new RejectedExecutionException("pool " + name + " has " + waiting + " tasks waiting");
      }
      waiting++;
      pending++;
      long readyNs = scheduler.nowNs() + scheduler.handOverDelayNs();
      if (threads == 1) {
        readyNs = Math.max(lastReadyNs, readyNs);
        lastReadyNs = readyNs;
      }
      scheduler.add(this, readyNs, task, false);
    }

    @Override
    public void close() {
      closed = true;
    }
  }
}
