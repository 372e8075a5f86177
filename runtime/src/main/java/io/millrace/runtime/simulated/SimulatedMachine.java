package io.millrace.runtime.simulated;

import io.millrace.runtime.Environment;
import org.jspecify.annotations.Nullable;

/**
 * A machine: a disk and clocks that stay, and at most one process at a time that comes and goes.
 */
public final class SimulatedMachine {
  private final SimulatedScheduler scheduler;
  private final String name;
  private final SimulatedDisk disk;
  private final SimulatedClock clock;
  private @Nullable SimulatedThreads process;
  private int starts;

  public SimulatedMachine(SimulatedScheduler scheduler, String name) {
    this.scheduler = scheduler;
    this.name = name;
    this.disk = new SimulatedDisk(scheduler);
    this.clock = new SimulatedClock(scheduler);
  }

  public SimulatedDisk disk() {
    return disk;
  }

  public SimulatedClock clock() {
    return clock;
  }

  /** A new process; the one before must be dead. */
  public Environment startProcess() {
    if (running()) {
      throw new IllegalStateException("machine " + name + " still runs a process");
    }
    disk.restart();
    SimulatedThreads threads = new SimulatedThreads(scheduler, name + "#" + starts++);
    process = threads;
    return new Environment(clock, new SimulatedRandomness(scheduler.fork()), threads, disk);
  }

  public boolean running() {
    return process != null && process.alive();
  }

  public @Nullable SimulatedThreads process() {
    return process;
  }

  /** kill -9: the page cache survives. */
  public void crashProcess() {
    kill();
    disk.processCrash();
  }

  /** The plug is pulled. */
  public void losePower() {
    kill();
    disk.powerLoss();
  }

  /**
   * The process dies inside its {@code calls}-th disk call from now; whether only the process or
   * the machine went is then said by {@link #crashProcess} or {@link #losePower}.
   */
  public void crashAfterDiskCalls(long calls) {
    disk.crashAtCall(disk.calls() + calls, this::kill);
  }

  private void kill() {
    if (process != null) {
      process.kill();
    }
  }
}
