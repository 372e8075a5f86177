package io.millrace.simulation;

import io.millrace.runtime.simulated.SimulatedScheduler;
import java.util.ArrayDeque;
import java.util.Deque;

/** The last notable events of a run, with virtual times, for whoever looks into a failing seed. */
final class Story {
  private static final int LINES_MAX = 80;

  private final SimulatedScheduler scheduler;
  private final Deque<String> lines = new ArrayDeque<>();

  Story(SimulatedScheduler scheduler) {
    this.scheduler = scheduler;
  }

  void tell(String event) {
    scheduler.trace(event.hashCode());
    if (lines.size() == LINES_MAX) {
      lines.removeFirst();
    }
    lines.addLast("%12.6f s  %s".formatted(scheduler.nowNs() / 1e9, event));
  }

  @Override
  public String toString() {
    return String.join("\n", lines);
  }
}
