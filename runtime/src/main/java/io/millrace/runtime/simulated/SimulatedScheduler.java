package io.millrace.runtime.simulated;

import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Runs the tasks of all simulated machines on the caller's thread in virtual time. Each hand-over
 * takes a small seeded delay, so the order among loops differs from seed to seed while each loop
 * keeps its own. The trace hash covers every step: equal seeds, equal hashes.
 */
public final class SimulatedScheduler {
  private final SplittableRandom random;
  private final PriorityQueue<Event> events = new PriorityQueue<>();
  private final List<Throwable> failures = new ArrayList<>();
  private long nowNs = TimeUnit.SECONDS.toNanos(1);
  private long eventNumber;
  private int queueNumber;
  private long steps;
  private long traceHash = 0x9e3779b97f4a7c15L;
  private @Nullable TaskQueue running;

  public SimulatedScheduler(long seed) {
    this.random = new SplittableRandom(seed);
  }

  /** Virtual time; begins at one second. */
  public long nowNs() {
    return nowNs;
  }

  public long steps() {
    return steps;
  }

  /** A generator of its own for one purpose, so that draws for it do not shift others. */
  public SplittableRandom fork() {
    return random.split();
  }

  /** Mixes an observation into the trace hash. */
  public void trace(long value) {
    long h = (traceHash ^ value) * 0xff51afd7ed558ccdL;
    traceHash = h ^ (h >>> 32);
  }

  public long traceHash() {
    return traceHash;
  }

  /** What tasks threw, oldest first; a simulation that ends with any has found a bug. */
  public List<Throwable> failures() {
    return failures;
  }

  /** Whether anything is left to run, now or later. */
  public boolean hasTasks() {
    return !events.isEmpty();
  }

  /** Runs the next task; false if there is none. */
  public boolean step() {
    Event event;
    while ((event = events.poll()) != null) {
      TaskQueue queue = event.queue;
      Runnable task = event.task;
      if (task == null || !queue.accepts(event.timer)) {
        continue;
      }
      long readyNs = Math.max(queue.busyUntilNs, queue.stalledUntilNs());
      if (readyNs > event.timeNs) {
        event.timeNs = readyNs;
        events.add(event);
        continue;
      }
      run(event, task);
      return true;
    }
    return false;
  }

  /** Steps until {@code condition} holds; false if the tasks or {@code stepsMax} ran out first. */
  public boolean runUntil(BooleanSupplier condition, long stepsMax) {
    for (long i = 0; !condition.getAsBoolean(); i++) {
      if (i == stepsMax || !step()) {
        return condition.getAsBoolean();
      }
    }
    return true;
  }

  /** Steps for {@code durationNs} of virtual time, or until nothing is left to run. */
  public void runFor(long durationNs) {
    long endNs = nowNs + durationNs;
    Event next;
    while ((next = events.peek()) != null && next.timeNs <= endNs) {
      step();
    }
    nowNs = Math.max(nowNs, endNs);
  }

  /**
   * The running task's loop or pool takes nothing more for {@code durationNs}: the price of a disk
   * call.
   */
  void charge(long durationNs) {
    TaskQueue queue = running;
    if (queue != null) {
      queue.busyUntilNs = Math.max(queue.busyUntilNs, nowNs) + durationNs;
    }
  }

  int nextQueueNumber() {
    return queueNumber++;
  }

  boolean isRunning(TaskQueue queue) {
    return queue.equals(running);
  }

  /** Mostly next to nothing, now and then long enough that much else happens first. */
  long handOverDelayNs() {
    int dice = random.nextInt(1000);
    if (dice < 600) {
      return random.nextInt(2_000);
    }
    return dice < 990 ? random.nextInt(50_000) : random.nextInt(3_000_000);
  }

  Event add(TaskQueue queue, long timeNs, Runnable task, boolean timer) {
    Event event = new Event(queue, timeNs, eventNumber++, task, timer);
    events.add(event);
    return event;
  }

  private void run(Event event, Runnable task) {
    TaskQueue queue = event.queue;
    nowNs = Math.max(nowNs, event.timeNs);
    steps++;
    trace(nowNs * 31 + queue.number);
    running = queue;
    event.task = null;
    queue.onRun(event);
    try {
      task.run();
    } catch (SimulatedCrash died) {
      trace(-1);
    } catch (Throwable t) {
      if (queue.accepts(false)) {
        failures.add(new IllegalStateException("task of " + queue.name + " threw " + t, t));
      }
    } finally {
      running = null;
    }
  }

  /** A task at its time. */
  static final class Event implements Comparable<Event> {
    private final TaskQueue queue;
    private final long number;
    private final boolean timer;
    private long timeNs;
    private @Nullable Runnable task;

    Event(TaskQueue queue, long timeNs, long number, Runnable task, boolean timer) {
      this.queue = queue;
      this.timeNs = timeNs;
      this.number = number;
      this.task = task;
      this.timer = timer;
    }

    void cancel() {
      task = null;
    }

    boolean timer() {
      return timer;
    }

    @Override
    public int compareTo(Event o) {
      int c = Long.compare(timeNs, o.timeNs);
      return c != 0 ? c : Long.compare(number, o.number);
    }
  }
}
