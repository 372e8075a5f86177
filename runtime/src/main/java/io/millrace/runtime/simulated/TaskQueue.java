package io.millrace.runtime.simulated;

import io.millrace.runtime.simulated.SimulatedScheduler.Event;

/** A loop or pool as the scheduler sees it. */
abstract class TaskQueue {
  final String name;
  final int number;
  long busyUntilNs;

  TaskQueue(String name, int number) {
    this.name = name;
    this.number = number;
  }

  /**
   * Whether its tasks may still run; false once its process is dead, and for timers once it is
   * closed.
   */
  abstract boolean accepts(boolean timer);

  /** Its tasks wait until then, as if the system did not run its thread. */
  abstract long stalledUntilNs();

  void onRun(Event event) {}
}
