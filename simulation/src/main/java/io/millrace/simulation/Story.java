package io.millrace.simulation;

import io.millrace.runtime.simulated.SimulatedScheduler;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;

/** The last notable events of a run, with virtual times, for whoever looks into a failing seed. */
final class Story {
  private static final int LINES_MAX = 80;

  private final SimulatedScheduler scheduler;
  private final Consumer<String> log;
  private final Deque<String> lines = new ArrayDeque<>();

  Story(SimulatedScheduler scheduler, Consumer<String> log) {
    this.log = log;
    this.scheduler = scheduler;
  }

  void tell(String event) {
    scheduler.trace(event.hashCode());
    if (lines.size() == LINES_MAX) {
      lines.removeFirst();
    }
    String line = "%12.6f s  %s".formatted(scheduler.nowNs() / 1e9, event);
    log.accept(line);
    lines.addLast(line);
  }

  @Override
  public String toString() {
    return String.join("\n", lines);
  }
}
